//! Builds the browser page, which only the binary holds: an edit of the page does not recompile the library.

#[path = "../static/build.rs"]
mod page;

fn main() -> std::process::ExitCode {
    println!("cargo::rerun-if-changed=build.rs");
    page::main()
}
