//! temporary
use mimalloc::MiMalloc;
#[global_allocator]
static G: MiMalloc = MiMalloc;
fn main() {
    let a: Vec<String> = std::env::args().collect();
    println!("{:?}", lightning_exchange::bench::trip::run(&a[1], 3, a[2].parse().unwrap()).unwrap());
}
