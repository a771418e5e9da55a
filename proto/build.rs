//! Compiles the schema: messages and service in Rust, and the descriptors for reflection. The compiler is a crate, so
//! `protoc` is not needed.

use std::{env, error::Error, fs, path::PathBuf};

/// Compiles `proto/lightning.proto` into the build's output directory.
pub(crate) fn build() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=proto");
    let descriptors = protox::compile(["proto/lightning.proto"], ["proto"])?;
    let bytes = PathBuf::from(env::var("OUT_DIR")?).join("lightning.bin");
    fs::write(&bytes, prost::Message::encode_to_vec(&descriptors))?;
    // Methods keep their names on the wire; streams derive type names from them.
    let named = "#[expect(non_camel_case_types, reason = \"methods are lower camel case\")]";
    tonic_prost_build::configure()
        .build_client(false)
        // The largest variant of an account's events.
        .boxed(".schema.AccountEvent.event.execution")
        .server_mod_attribute("schema", named)
        .compile_fds(descriptors)?;
    Ok(())
}
