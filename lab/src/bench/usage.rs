//! What a process uses, as `/proc` reports it.

/// Returns the resident memory of a process.
pub(super) fn resident_bytes(process: u32) -> anyhow::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kib.map(|kib| kib * 1_024).ok_or_else(|| anyhow::anyhow!("no VmRSS in /proc/{process}/status"))
}
