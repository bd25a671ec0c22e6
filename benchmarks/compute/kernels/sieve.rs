fn main() {
    let limit: i64 = 5000000;
    let mut flags: Vec<bool> = (0..limit).map(|n| n > 1).collect();
    let mut n = 2;
    while n * n < limit {
        if flags[n as usize] {
            let mut m = n * n;
            while m < limit {
                flags[m as usize] = false;
                m += n;
            }
        }
        n += 1;
    }
    println!("{}", flags.iter().filter(|&&f| f).count());
}
