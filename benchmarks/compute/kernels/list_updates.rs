fn main() {
    let mut xs: Vec<i64> = Vec::new();
    for n in (1..=200000).rev() {
        xs.push(n);
    }
    let length = xs.len() as i64;
    let mut seed: i64 = 1;
    for rounds in (1..=10000000).rev() {
        seed = (seed * 1103515245 + 12345) % 2147483648;
        xs[(seed % length) as usize] += rounds;
    }
    println!("{}", xs.iter().sum::<i64>());
}
