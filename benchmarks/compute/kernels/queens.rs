use std::rc::Rc;

struct Placed {
    row: i64,
    before: Queens,
}
type Queens = Option<Rc<Placed>>;

fn safe(row: i64, queens: &Queens) -> bool {
    let mut distance = 1;
    let mut rest = queens;
    while let Some(placed) = rest {
        if row == placed.row || row == placed.row + distance || row == placed.row - distance {
            return false;
        }
        distance += 1;
        rest = &placed.before;
    }
    true
}

fn solve(column: i64, size: i64, queens: &Queens) -> i64 {
    if column == size {
        return 1;
    }
    let mut count = 0;
    for row in 0..size {
        if safe(row, queens) {
            count += solve(column + 1, size, &Some(Rc::new(Placed { row, before: queens.clone() })));
        }
    }
    count
}

fn main() {
    println!("{}", solve(0, 11, &None));
}
