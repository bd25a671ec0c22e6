"""What it costs to call Osprey from Python, and that modules give their memory back."""
