fn factorial(n: i64, modulus: i64) -> i64 {
    let mut product = 1;
    for k in 1..=n {
        product = product * k % modulus;
    }
    product
}

fn main() {
    println!("{}", (1..6000).map(|n| factorial(n, 998244353)).sum::<i64>());
}
