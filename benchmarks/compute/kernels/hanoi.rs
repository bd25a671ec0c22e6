fn hanoi(n: i64, from: i64, to: i64, via: i64) -> i64 {
    if n == 0 {
        return 0;
    }
    let before = hanoi(n - 1, from, via, to);
    let after = hanoi(n - 1, via, to, from);
    before + after + from * n + to
}

fn main() {
    println!("{}", hanoi(25, 1, 3, 2));
}
