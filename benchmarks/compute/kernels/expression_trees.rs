enum Expr {
    Num(i64),
    Var,
    Add(Box<Expr>, Box<Expr>),
    Mul(Box<Expr>, Box<Expr>),
}
use Expr::*;

fn build(depth: i64, seed: i64) -> Expr {
    if depth == 0 {
        return if seed % 3 == 0 { Var } else { Num(seed % 7) };
    }
    let left = Box::new(build(depth - 1, (seed * 5 + 1) % 1009));
    let right = Box::new(build(depth - 1, (seed * 3 + 2) % 1009));
    if seed % 2 == 0 { Add(left, right) } else { Mul(left, right) }
}

fn simplify(e: Expr) -> Expr {
    match e {
        Add(a, b) => match (simplify(*a), simplify(*b)) {
            (Num(0), y) => y,
            (x, Num(0)) => x,
            (Num(m), Num(n)) => Num((m + n) % 1000),
            (x, y) => Add(Box::new(x), Box::new(y)),
        },
        Mul(a, b) => match (simplify(*a), simplify(*b)) {
            (Num(0), _) | (_, Num(0)) => Num(0),
            (Num(1), y) => y,
            (x, Num(1)) => x,
            (Num(m), Num(n)) => Num((m * n) % 1000),
            (x, y) => Mul(Box::new(x), Box::new(y)),
        },
        other => other,
    }
}

fn value(e: &Expr, x: i64) -> i64 {
    match e {
        Num(n) => *n,
        Var => x,
        Add(a, b) => (value(a, x) + value(b, x)) % 1000003,
        Mul(a, b) => (value(a, x) * value(b, x)) % 1000003,
    }
}

fn main() {
    println!("{}", (1..41).map(|seed| value(&simplify(build(15, seed)), seed)).sum::<i64>());
}
