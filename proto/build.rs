//! Compiles the schema: messages and service in Rust, and the descriptors that reflection hands out. The compiler is a
//! crate, so nobody needs `protoc`.

use std::{env, error::Error, fs, path::PathBuf};

/// Compiles `proto/lightning.proto` into the build's output directory.
pub(crate) fn build() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(["proto/lightning.proto"], ["proto"])?;
    let bytes = PathBuf::from(env::var("OUT_DIR")?).join("lightning.bin");
    fs::write(&bytes, prost::Message::encode_to_vec(&descriptors))?;
    // Methods are called what the world calls them; streams make types of their names.
    let named = "#[expect(non_camel_case_types, reason = \"methods are lower camel case\")]";
    tonic_prost_build::configure()
        .build_client(false)
        // The large one of what can happen to an account.
        .boxed(".schema.AccountEvent.event.execution")
        .server_mod_attribute("schema", named)
        .compile_fds(descriptors)?;
    Ok(())
}
