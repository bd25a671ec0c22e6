fn is_even(n: i64) -> bool {
    if n == 0 { true } else { is_odd(n - 1) }
}

fn is_odd(n: i64) -> bool {
    if n == 0 { false } else { is_even(n - 1) }
}

fn main() {
    let sum: i64 = (0..30000).filter(|&n| is_even(n)).sum();
    println!("{sum}");
}
