//! Whether files can be uploaded, for whoever checks.

use super::service::Services;
use super::{Slot, ask, request};
use crate::address::Gateway;
use crate::link::line::Line;
use crate::ns;
use causeway_core::clock::Timestamp;
use causeway_core::network::{Finding, Web};

/// What to do when files cannot be uploaded.
const ADVICE: &str =
    "see “Files” in docs/ATTACHING.md; without it messages name the files of mails, and nobody can open them";

// ---------------------------------------------------------------------------------------------------------------------

/// Looks for the upload service of `home` and asks it for a place, which nobody then uses.
pub(crate) async fn finding(
    line: &Line,
    gateway: &Gateway,
    home: &str,
    configured: Option<&str>,
    web: &dyn Web,
    now: Timestamp,
) -> Finding {
    let what = format!("uploads at {home}");
    let service = match Services::default().find(line, gateway, home, configured, now).await {
        Ok(Some(service)) => service,
        Ok(None) => return Finding::warning(what, "there is no upload service (XEP-0363)", ADVICE),
        Err(no) => return Finding::warning(what, format!("{home} cannot be asked: {no}"), ADVICE),
    };
    let jid = &service.jid;
    let slot = match ask(line, gateway, jid, request("check.txt", 1, "text/plain")).await {
        Ok(answer) => Slot::read(answer.get_child("slot", ns::UPLOAD)),
        Err(no) => {
            let seen = format!("{jid} takes nothing from {}: {no}", gateway.as_str());
            return Finding::warning(what, seen, ADVICE);
        }
    };
    match slot {
        Some(slot) if web.follows(&slot.get) => {
            let largest = service.largest.map(|largest| format!(", up to {largest} bytes each"));
            Finding::good(what, format!("{jid} takes files{}", largest.unwrap_or_default()))
        }
        Some(slot) => Finding::warning(
            what,
            format!(
                "files that users send lie where nobody fetches them: {}",
                slot.get.as_str()
            ),
            "add the host to `hosts` in [files], or the place to `allow_private`, if it has no https; until then mails have links instead of files",
        ),
        None => Finding::warning(what, format!("the answer of {jid} cannot be understood"), ADVICE),
    }
}
