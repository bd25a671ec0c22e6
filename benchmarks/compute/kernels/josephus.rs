fn survivor(n: i64, step: i64) -> i64 {
    let mut place = 0;
    for size in 2..=n {
        place = (place + step) % size;
    }
    place
}

fn main() {
    println!("{}", (1..8000).map(|n| survivor(n, 7)).sum::<i64>());
}
