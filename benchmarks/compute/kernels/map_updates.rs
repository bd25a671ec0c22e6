use std::collections::HashMap;

fn main() {
    let mut m: HashMap<i64, i64> = HashMap::new();
    for n in (1..=200000).rev() {
        m.insert(n * 7919 % 100003, n);
    }
    for n in (1..=2000000).rev() {
        let key = n * 104729 % 100003;
        let value = m.get(&key).copied().unwrap_or(0) + 1;
        m.insert(key, value);
    }
    for n in (1..=50000).rev() {
        m.remove(&(n * 2));
    }
    println!("{}", m.len());
    println!("{}", (0..100003).map(|key| m.get(&key).copied().unwrap_or(0)).sum::<i64>());
}
