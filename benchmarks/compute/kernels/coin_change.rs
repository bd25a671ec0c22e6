fn coin(kind: i64) -> i64 {
    match kind {
        0 => 1,
        1 => 2,
        2 => 5,
        3 => 10,
        4 => 20,
        5 => 50,
        6 => 100,
        _ => 200,
    }
}

fn ways(sum: i64, kind: i64) -> i64 {
    if sum == 0 {
        return 1;
    }
    if sum < 0 || kind < 0 {
        return 0;
    }
    ways(sum - coin(kind), kind) + ways(sum, kind - 1)
}

fn main() {
    println!("{}", ways(520, 7));
}
