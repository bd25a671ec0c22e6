fn main() {
    let text = "the quick brown fox, 42 years old, jumps over 7 lazy dogs. ".repeat(1000000);
    let (mut letters, mut digits, mut spaces, mut others): (i64, i64, i64, i64) = (0, 0, 0, 0);
    for byte in text.bytes() {
        match byte {
            97..=122 => letters += 1,
            48..=57 => digits += 1,
            32 => spaces += 1,
            _ => others += 1,
        }
    }
    println!("Counts {{ letters: {letters}, digits: {digits}, spaces: {spaces}, others: {others} }}");
}
