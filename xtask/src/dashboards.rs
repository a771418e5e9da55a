//! `cargo xtask dashboards`: writes the dashboards of Grafana from the list of metrics.

use anyhow::Result;

use crate::{
    output::say,
    page,
    process::{cargo, run},
};

/// Has the test that compares them write them.
///
/// # Errors
/// They cannot be written.
pub(crate) fn write() -> Result<()> {
    let mut test = cargo();
    page::require(&mut test);
    test.args([
        "test",
        "--quiet",
        "--workspace",
        "--test",
        "it",
        "dashboards_are_what_the_list_makes_of_them",
    ]);
    run(test.env("LIGHTNING_WRITE_DASHBOARDS", "1"))?;
    say!("wrote deploy/grafana");
    Ok(())
}
