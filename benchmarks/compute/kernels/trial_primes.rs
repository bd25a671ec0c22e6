fn has_no_divisor(n: i64) -> bool {
    let mut d = 2;
    while d * d <= n {
        if n % d == 0 {
            return false;
        }
        d += 1;
    }
    true
}

fn main() {
    let count = (2..600000).filter(|&n| has_no_divisor(n)).count();
    println!("{count}");
}
