//! What a mail was read as, in words for a file: only what says something.

use causeway_core::evidence::Evidence;
use causeway_core::fault::Fault;
use causeway_core::hop::{Hop, Trust};
use causeway_core::text::Line;
use causeway_email::date;
use causeway_email::dsn::DsnReport;
use causeway_email::read::{Authenticated, IncomingMail, Read};
use std::fmt::Write;

pub(crate) fn render(read: &Result<Read, Fault>) -> String {
    match read {
        Err(fault) => format!("refused: {:?}, {fault}\n", fault.kind),
        Ok(Read::Loop) => "loop\n".to_owned(),
        Ok(Read::Reports(reports)) => reports.iter().map(report).collect::<Vec<_>>().join("\n"),
        Ok(Read::Mail(read)) => mail(read),
    }
}

fn mail(mail: &IncomingMail) -> String {
    let mut out = String::new();
    let text = &mail.text;
    let mut line = |name: &str, value: &str| {
        if !value.is_empty() {
            writeln!(out, "{name}: {value}").unwrap();
        }
    };
    line("from", mail.from.as_str());
    line(
        "spelled",
        if mail.from_spelled == mail.from.as_str() {
            ""
        } else {
            &mail.from_spelled
        },
    );
    line("name", text.sender_name.as_ref().map_or("", |name| name.as_str()));
    line("subject", text.subject.as_ref().map_or("", |subject| subject.as_str()));
    line("id", &mail.message_id);
    line("answers", &mail.in_reply_to.join(" "));
    line("thread", &mail.references.join(" "));
    line("said at", &mail.said_at.map(date::format).unwrap_or_default());
    line(
        "machine",
        &if text.automatic {
            mail.verdict.reasons.join(", ")
        } else {
            String::new()
        },
    );
    line(
        "author",
        match mail.authenticated {
            Authenticated::Pass => "proved",
            Authenticated::Fail => "forged",
            Authenticated::Unknown => "",
        },
    );
    for file in &text.attachments {
        line(
            "file",
            &format!(
                "{} ({}, {} bytes)",
                file.name,
                file.media_type.as_ref().map_or("-", Line::as_str),
                file.size.unwrap_or_default()
            ),
        );
    }
    line(
        "cut from",
        &text
            .original
            .as_ref()
            .map(|whole| format!("{} characters", whole.as_str().chars().count()))
            .unwrap_or_default(),
    );
    out.push_str(&hops(&mail.hops));
    writeln!(out, "\n{}", text.body.as_str()).unwrap();
    out
}

fn report(report: &DsnReport) -> String {
    let mut out = String::new();
    let mut line = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            writeln!(out, "{name}: {value}").unwrap();
        }
    };
    line(
        "about",
        report
            .about
            .map(|id| format!("{id}{}", if report.keyed { " (keyed)" } else { "" })),
    );
    line("original", report.original_message_id.clone());
    line("envelope", report.envid.clone());
    line("recipient", report.recipient.clone());
    line(
        "says",
        Some(match &report.evidence {
            Evidence::Failed(fault) => format!("failed, {}", told(fault)),
            Evidence::Delayed(Some(fault)) => format!("delayed, {}", told(fault)),
            other => format!("{other:?}").to_lowercase(),
        }),
    );
    out.push_str(&hops(&report.hops));
    out
}

fn told(fault: &Fault) -> String {
    let again = if fault.retry { ", tries again" } else { "" };
    let status = fault
        .status
        .map(|(a, b, c)| format!(" {a}.{b}.{c}"))
        .unwrap_or_default();
    format!(
        "{:?}{status}{again}: {}",
        fault.kind,
        fault.said.as_ref().map_or("", |said| said.as_str())
    )
}

fn hops(hops: &[Hop]) -> String {
    let mut out = String::new();
    for hop in hops {
        let at = hop.at.map_or_else(|| "time unknown".to_owned(), date::format);
        let trust = if hop.trust == Trust::Claimed { "claimed" } else { "fact" };
        write!(out, "hop: {at}, {:?} at {}, {trust}", hop.step, hop.who).unwrap();
        if let Some(with) = &hop.with {
            write!(out, ", {with}").unwrap();
        }
        if let Some(tls) = hop.tls {
            out.push_str(if tls { ", encrypted" } else { ", in clear" });
        }
        if let Some(said) = &hop.said {
            write!(out, ", \"{said}\"").unwrap();
        }
        out.push('\n');
    }
    out
}
