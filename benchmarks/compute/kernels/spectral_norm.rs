fn element(i: i64, j: i64) -> f64 {
    1.0 / ((i + j) * (i + j + 1) / 2 + i + 1) as f64
}

fn rows(v: &[f64]) -> Vec<f64> {
    (0..v.len())
        .map(|i| (0..v.len()).fold(0.0, |sum, j| sum + element(i as i64, j as i64) * v[j]))
        .collect()
}

fn columns(v: &[f64]) -> Vec<f64> {
    (0..v.len())
        .map(|i| (0..v.len()).fold(0.0, |sum, j| sum + element(j as i64, i as i64) * v[j]))
        .collect()
}

fn dot(u: &[f64], v: &[f64]) -> f64 {
    u.iter().zip(v).fold(0.0, |sum, (x, y)| sum + x * y)
}

fn main() {
    let mut u = vec![1.0; 1000];
    let mut v = u.clone();
    for _ in 0..10 {
        v = columns(&rows(&u));
        u = columns(&rows(&v));
    }
    println!("{:.1}", ((dot(&u, &v) / dot(&v, &v)).sqrt() * 1000000000.0).floor());
}
