use std::collections::HashMap;

fn main() {
    let mut parts: Vec<String> = Vec::new();
    let mut seed: i64 = 42;
    for _ in 0..600000 {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        parts.push(format!("word{}", seed % 5003));
    }
    let text = parts.join(" ");
    let mut counts: HashMap<String, i64> = HashMap::new();
    for word in text.split_whitespace() {
        if let Some(count) = counts.get_mut(word) {
            *count += 1;
        } else {
            counts.insert(word.to_string(), 1);
        }
    }
    println!("{}", counts.len());
    println!("{}", counts.values().max().unwrap());
    println!("Success({})", counts["word17"]);
}
