"""The command line. At the top of the house: nothing imports it but its entry points."""
