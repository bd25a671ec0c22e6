fn power(mut base: i64, mut exponent: i64, modulus: i64) -> i64 {
    let mut product = 1;
    while exponent != 0 {
        if exponent % 2 == 1 {
            product = product * base % modulus;
        }
        base = base * base % modulus;
        exponent /= 2;
    }
    product
}

fn main() {
    let mut sum = 0;
    for n in 0..800000 {
        sum = (sum + power(n, 1000000005, 1000000007)) % 1000000007;
    }
    println!("{sum}");
}
