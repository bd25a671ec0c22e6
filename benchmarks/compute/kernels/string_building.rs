use std::fmt::Write;

fn main() {
    let mut text = String::new();
    for n in (1..=2000000i64).rev() {
        writeln!(text, "line {}: {}", n, n * n).unwrap();
    }
    println!("{}\nSuccess({})", text.len(), &text[..24]);
}
