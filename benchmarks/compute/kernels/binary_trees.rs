enum Tree {
    Leaf,
    Node(Box<Tree>, Box<Tree>),
}

fn make(depth: i64) -> Tree {
    if depth == 0 { Tree::Leaf } else { Tree::Node(Box::new(make(depth - 1)), Box::new(make(depth - 1))) }
}

fn nodes(tree: &Tree) -> i64 {
    match tree {
        Tree::Leaf => 1,
        Tree::Node(left, right) => nodes(left) + nodes(right) + 1,
    }
}

fn main() {
    println!("{}", (0..64).map(|_| nodes(&make(16))).sum::<i64>());
}
