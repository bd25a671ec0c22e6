fn escapes(cx: f64, cy: f64) -> i64 {
    let (mut x, mut y) = (0.0, 0.0);
    for _ in 0..100 {
        if x * x + y * y > 4.0 {
            return 1;
        }
        let next = x * x - y * y + cx;
        y = 2.0 * x * y + cy;
        x = next;
    }
    0
}

fn main() {
    let size: i64 = 1000;
    let mut count = 0;
    for j in 0..size {
        let cy = 2.0 * (j as f64 / size as f64) - 1.0;
        for i in 0..size {
            count += escapes(2.0 * (i as f64 / size as f64) - 1.5, cy);
        }
    }
    println!("{count}");
}
