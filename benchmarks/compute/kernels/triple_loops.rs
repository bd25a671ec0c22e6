fn main() {
    let limit: i64 = 1400;
    let mut count: i64 = 0;
    for a in 1..limit {
        for b in a..limit {
            for c in b..limit {
                if a * a + b * b == c * c {
                    count += 1;
                }
            }
        }
    }
    println!("{count}");
}
