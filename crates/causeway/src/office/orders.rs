//! Who may use the gateway, by an admin's order at run time.

use super::{Visit, done, must};
use crate::engine::rulebook::Rulebook;
use causeway_core::address::Party;
use causeway_core::command::{FieldKind, Reply, Report, Table};
use causeway_core::fault::{Fault, FaultKind};
use causeway_core::policy::Ruling;
use jid::BareJid;

// ---------------------------------------------------------------------------------------------------------------------

/// Blocks, or takes a block back; what the config does not allow can be allowed too, but not unasked.
pub(super) async fn order(visit: &Visit) -> Result<Reply, Fault> {
    let Some(who) = visit.call.value("who") else {
        return Ok(visit.ask("", vec![who_field(visit)]));
    };
    let names = names(visit, who);
    if names.is_empty() {
        return Err(Fault::of(FaultKind::BadAddress).saying(who));
    }
    let told = names.join(", ");
    let before = visit
        .means
        .hall
        .gate
        .rulebook()
        .with(|rules| names.iter().find_map(|name| rules.of(name)));
    if visit.call.name == "block" {
        if visit.means.admins.iter().any(|admin| concerns(&names, admin)) {
            return Ok(done(visit.say(
                "This would lock an admin out. Take him out of the configuration first.",
                "Das würde einen Administrator aussperren. Nimm ihn erst aus der Konfiguration.",
            )));
        }
        rule(visit, &names, Some(Ruling::Block)).await?;
        return Ok(done(visit.say(
            &format!("{told} is blocked. What was accepted before is still delivered."),
            &format!("{told} ist gesperrt. Was vorher angenommen wurde, wird noch zugestellt."),
        )));
    }
    if before == Some(Ruling::Block) {
        rule(visit, &names, None).await?;
        return Ok(done(visit.say(
            &format!("{told} is not blocked any more. What the configuration says holds again."),
            &format!("{told} ist nicht mehr gesperrt. Es gilt wieder, was die Konfiguration sagt."),
        )));
    }
    allow(visit, &names, &told).await
}

/// All rules.
pub(super) fn rules(visit: &Visit) -> Result<Reply, Fault> {
    let gate = &visit.means.hall.gate;
    let word = |ruling| match ruling {
        Ruling::Allow => visit.say("allowed", "erlaubt"),
        Ruling::Block => visit.say("blocked", "gesperrt"),
    };
    let config = |names: &[String], ruling| {
        let by = visit.say("configuration", "Konfiguration");
        let row = |name: &String| vec![name.clone(), word(ruling), by.clone()];
        names.iter().map(row).collect::<Vec<_>>()
    };
    let mut rows = config(&gate.policy().allow, Ruling::Allow);
    rows.extend(config(&gate.policy().deny, Ruling::Block));
    gate.rulebook().with(|rules| {
        let by = visit.say("order", "Anordnung");
        rows.extend(
            rules
                .all()
                .map(|(name, ruling)| vec![name.to_owned(), word(ruling), by.clone()]),
        );
    });
    let column = |name, en: &str, de: &str| (name, visit.say(en, de));
    Ok(Reply::Done(Report {
        text: visit.say(
            "What is said of an address stands above what is said of its domain, and an order above the configuration.",
            "Was über eine Adresse gesagt ist, steht über dem, was über ihre Domain gesagt ist, und eine Anordnung über der Konfiguration.",
        ),
        table: Some(Table {
            columns: vec![
                column("who", "Who", "Wer"),
                column("ruling", "Ruling", "Regel"),
                column("by", "By", "Durch"),
            ],
            rows,
        }),
    }))
}

async fn allow(visit: &Visit, names: &[String], told: &str) -> Result<Reply, Fault> {
    let gate = &visit.means.hall.gate;
    let may_already = |name: &String| {
        BareJid::new(name).is_ok_and(|user| {
            gate.rulebook()
                .with(|rules| gate.policy().admit_user_under(rules, &user))
                .is_ok()
        })
    };
    if names.iter().any(may_already) {
        return Ok(done(visit.say(
            &format!("Nothing stands against {told}."),
            &format!("Gegen {told} liegt nichts vor."),
        )));
    }
    if visit.call.value("confirm").is_none() {
        let warning = visit.say(
            &format!(
                "Nobody has blocked {told}; as an address outside, it needs nothing more. To allow it makes it a user of this \
                 gateway by XMPP."
            ),
            &format!(
                "{told} ist nicht gesperrt; als Adresse draußen braucht sie nichts weiter. Sie zu erlauben, macht sie über \
                 XMPP zum Benutzer dieses Gateways."
            ),
        );
        return Ok(visit.ask(warning, vec![who_field(visit), visit.sure()]));
    }
    if !visit.call.yes("confirm") {
        return Ok(visit.nothing_done());
    }
    rule(visit, names, Some(Ruling::Allow)).await?;
    Ok(done(visit.say(
        &format!("{told} may use the gateway."),
        &format!("{told} darf das Gateway benutzen."),
    )))
}

async fn rule(visit: &Visit, names: &[String], ruling: Option<Ruling>) -> Result<(), Fault> {
    let hall = &visit.means.hall;
    for name in names {
        hall.keeper.insist(Rulebook::change(name, ruling)).await?;
        hall.gate.rulebook().obey(name, ruling);
        tracing::info!(name, ?ruling, "an order about who may use the gateway");
    }
    Ok(())
}

/// How an address or a domain may be spelled where it is compared: as a JID, and as a network reads it.
fn names(visit: &Visit, typed: &str) -> Vec<String> {
    let typed = typed.to_lowercase();
    let jid = BareJid::new(&typed).ok().map(|jid| jid.to_string());
    let parties = visit.means.records.parties(&typed);
    let foreign = parties
        .iter()
        .filter_map(Party::contact)
        .map(|contact| contact.id.as_str().to_lowercase());
    let mut names: Vec<String> = jid.into_iter().chain(foreign).collect();
    names.sort();
    names.dedup();
    names
}

fn concerns(names: &[String], admin: &BareJid) -> bool {
    names
        .iter()
        .any(|name| name == admin.as_str() || name == admin.domain().as_str())
}

fn who_field(visit: &Visit) -> causeway_core::command::Field {
    let label = visit.say(
        "A user, an address or a domain",
        "Ein Benutzer, eine Adresse oder eine Domain",
    );
    let mut field = must("who", &label, FieldKind::Text);
    field.value = visit.call.value("who").map(str::to_owned);
    field
}
