fn entry(i: i64, j: i64) -> f64 {
    ((i * 31 + j * 17) % 100) as f64 / 10.0
}

fn main() {
    let n: i64 = 400;
    let a: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| entry(i, j)).collect()).collect();
    let columns: Vec<Vec<f64>> = (0..n).map(|j| (0..n).map(|i| entry(i, j)).collect()).collect();
    let mut total = 0.0;
    let product: Vec<Vec<f64>> = a
        .iter()
        .map(|row| columns.iter().map(|c| row.iter().zip(c).fold(0.0, |s, (x, y)| s + x * y)).collect())
        .collect();
    for row in &product {
        total += row.iter().fold(0.0, |s, x| s + x);
    }
    println!("{:.1}", total.floor());
}
