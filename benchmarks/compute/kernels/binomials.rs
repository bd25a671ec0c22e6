fn binomial(n: i64, k: i64) -> i64 {
    if k == 0 || k == n { 1 } else { binomial(n - 1, k - 1) + binomial(n - 1, k) }
}

fn main() {
    println!("Success({})", binomial(29, 12));
}
