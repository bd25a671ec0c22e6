fn digits(mut n: i64) -> i64 {
    let mut sum = 0;
    while n != 0 {
        sum += n % 10;
        n /= 10;
    }
    sum
}

fn main() {
    let mut total: i64 = 0;
    for n in 0..20000000 {
        total += digits(n);
    }
    println!("{total}");
}
