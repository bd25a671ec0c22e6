fn chain(mut n: i64) -> i64 {
    let mut length = 1;
    while n != 1 {
        n = if n % 2 == 0 { n / 2 } else { 3 * n + 1 };
        length += 1;
    }
    length
}

fn main() {
    println!("{}", (1..1000000).map(chain).max().unwrap());
}
