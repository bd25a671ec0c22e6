fn gcd(a: i64, b: i64) -> i64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn main() {
    let mut sum: i64 = 0;
    for a in 1..2500 {
        for b in 1..2500 {
            sum += gcd(a, b);
        }
    }
    println!("{sum}");
}
