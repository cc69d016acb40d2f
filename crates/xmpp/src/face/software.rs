//! What program this is, what time it has, and how long it has been up.

use crate::errors::Refusal;
use crate::ns;
use crate::xml::{Build, element};
use causeway_core::clock::Timestamp;
use causeway_core::fault::{Fault, FaultKind};
use minidom::Element;
use std::time::Duration;

/// XEP-0092 section 2. The operating system is nobody's business.
pub(super) fn version(version: &str) -> Element {
    element("query", ns::VERSION)
        .holding(element("name", ns::VERSION).saying("Causeway"))
        .holding(element("version", ns::VERSION).saying(version))
}

/// XEP-0202 section 3.
pub(super) fn time(now: Timestamp) -> Result<Element, Refusal> {
    let now = jiff::Timestamp::from_millisecond(now.0).map_err(|_| Fault::of(FaultKind::Internal))?;
    Ok(element("time", ns::TIME)
        .holding(element("tzo", ns::TIME).saying("+00:00"))
        .holding(element("utc", ns::TIME).saying(&format!("{now:.3}"))))
}

/// XEP-0012 section 4: of a server or component, the time since its start.
pub(super) fn uptime(up: Duration) -> Element {
    element("query", ns::LAST).with("seconds", &up.as_secs().to_string())
}
