//! What the control panel keeps, on every database.

use tollgate::account::{NewAuditEntry, SealedTotp, UserId};
use tollgate::storage::{
    AuditFilter, ChangeRefusal, FormTurn, HourOfUse, LastUse, LinkPurpose, PanelSession, PasswordLink, SessionChange,
    UserChange, WaitingMail,
};
use tollgate_apikey::Mode;

use super::Backend;
use super::samples::{MODE, entry, in_s, key_id, now, stored_merchant, user};

super::on_each!(Sqlite in sqlite, Postgres in postgres => {
    a_password_link_sets_one_password,
    a_second_factor_stands_when_its_enrolment_was_confirmed,
    a_form_has_one_turn,
    audit_entries_are_found_by_what_they_say,
    mail_is_tried_by_one_at_a_time,
    sessions_are_kept_changed_and_ended,
    use_is_added_up_by_the_hour,
});

async fn stored_user(db: &Backend) -> UserId {
    let merchant = stored_merchant(db, 1).await;
    db.vault.insert_user(&user(&merchant, "a@shop.example"), now()).await.unwrap()
}

fn session(user: UserId, n: u8) -> PanelSession {
    PanelSession {
        digest: [n; 32],
        id: format!("session{n}"),
        user,
        generation: 1,
        mode: MODE,
        created_at: in_s(i64::from(n)),
        seen_at: in_s(i64::from(n)),
        proven_at: in_s(i64::from(n)),
        address: Some("10.0.0.1".into()),
        agent: "Browser".into(),
        flash: None,
        draft: None,
    }
}

async fn sessions_are_kept_changed_and_ended(db: Backend) {
    let (sessions, user) = (&db.sessions, stored_user(&db).await);
    for n in 1..=4 {
        sessions.open_session(&session(user, n), 3).await.unwrap();
    }
    let ids = async || -> Vec<_> { sessions.sessions_of(user).await.unwrap().into_iter().map(|s| s.id).collect() };
    assert_eq!(ids().await, ["session4", "session3", "session2"], "the oldest made room");

    for change in [
        SessionChange::Draft(Some("{}".into())),
        SessionChange::Flash(Some("saved".into())),
        SessionChange::Mode(Mode::Live),
        SessionChange::Proven(in_s(50)),
        SessionChange::Seen(in_s(60)),
    ] {
        sessions.change_session(&[2; 32], &change).await.unwrap();
    }
    let expected = PanelSession {
        draft: Some("{}".into()),
        flash: Some("saved".into()),
        mode: Mode::Live,
        proven_at: in_s(50),
        seen_at: in_s(60),
        ..session(user, 2)
    };
    let found = sessions.session(&[2; 32]).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{expected:?}"));

    assert!(sessions.end_session(user, "session3").await.unwrap());
    assert!(!sessions.end_session(user, "session3").await.unwrap());
    assert_eq!(sessions.end_sessions(user, Some(&[2; 32])).await.unwrap(), 1);
    assert_eq!(ids().await, ["session2"]);
    assert_eq!(sessions.sweep_sessions(in_s(2)).await.unwrap(), 0);
    assert_eq!(sessions.sweep_sessions(in_s(3)).await.unwrap(), 1);
    assert!(sessions.session(&[2; 32]).await.unwrap().is_none());
}

async fn a_second_factor_stands_when_its_enrolment_was_confirmed(db: Backend) {
    let (directory, id) = (&db.directory, stored_user(&db).await);
    let [old, secret] = [1, 2].map(|n| SealedTotp { key_version: 1, sealed: vec![n; 40] });
    directory.begin_enrolment(id, &old, in_s(60)).await.unwrap();
    directory.begin_enrolment(id, &secret, in_s(60)).await.unwrap();
    assert!(directory.enrolment(id, in_s(59)).await.unwrap() == Some(secret.clone()));
    assert!(directory.enrolment(id, in_s(60)).await.unwrap().is_none());

    let codes = vec![[7; 32], [8; 32]];
    let replaced = UserChange::SecondFactor(old, codes.clone());
    let refused = directory.change_user(id, &replaced, &entry("test")).await.unwrap();
    assert_eq!(refused, Err(ChangeRefusal::NotUsable), "it was replaced");
    let confirmed = UserChange::SecondFactor(secret.clone(), codes);
    assert_eq!(directory.change_user(id, &confirmed, &entry("test")).await.unwrap(), Ok(true));
    assert!(db.vault.user(id).await.unwrap().unwrap().second_factor == Some(secret));

    let mut sealed = Vec::new();
    for table in 0.. {
        let Some(records) = directory.sealed_before(2, table, 0, 10).await.unwrap() else { break };
        sealed.extend(records.into_iter().map(|record| record.context));
    }
    assert_eq!(sealed, [format!("totp:{}", id.get())], "it can be sealed anew");

    assert!(directory.spend_recovery_code(id, &[7; 32]).await.unwrap());
    assert!(!directory.spend_recovery_code(id, &[7; 32]).await.unwrap());
    assert_eq!(directory.recovery_codes_left(id).await.unwrap(), 1);
    assert_eq!(directory.change_user(id, &UserChange::NoSecondFactor, &entry("test")).await.unwrap(), Ok(true));
    assert_eq!(directory.recovery_codes_left(id).await.unwrap(), 0);
    assert!(db.vault.user(id).await.unwrap().unwrap().second_factor.is_none());
}

async fn a_password_link_sets_one_password(db: Backend) {
    let (directory, id) = (&db.directory, stored_user(&db).await);
    let link = |n| PasswordLink {
        digest: [n; 32],
        user: id,
        generation: 1,
        purpose: LinkPurpose::Reset,
        expires_at: in_s(60),
    };
    directory.store_link(&link(1)).await.unwrap();
    directory.store_link(&link(2)).await.unwrap();
    assert!(directory.link(&[1; 32]).await.unwrap().is_none(), "a later link ended it");
    let found = directory.link(&[2; 32]).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", link(2)));

    let hash = db.vault.user(id).await.unwrap().unwrap().password_hash;
    let change = UserChange::PasswordByLink(hash, [2; 32]);
    assert_eq!(directory.change_user(id, &change, &entry("test")).await.unwrap(), Ok(true));
    let refused = directory.change_user(id, &change, &entry("test")).await.unwrap();
    assert_eq!(refused, Err(ChangeRefusal::NotUsable), "it was used up");

    directory.store_link(&link(3)).await.unwrap();
    assert_eq!(directory.sweep_links(in_s(60)).await.unwrap(), 0);
    assert_eq!(directory.sweep_links(in_s(61)).await.unwrap(), 1);
}

async fn use_is_added_up_by_the_hour(db: Backend) {
    let (usage, merchant) = (&db.usage, stored_merchant(&db, 1).await);
    let hour =
        |hour, requests, refusals| HourOfUse { merchant: merchant.clone(), mode: MODE, hour, requests, refusals };
    let last =
        |seconds| LastUse { credential: key_id(1), at: in_s(seconds), address: Some(format!("10.0.0.{seconds}")) };
    usage.add_usage(&[hour(11, 5, 1), hour(10, 1, 0)], &[last(20)]).await.unwrap();
    usage.add_usage(&[hour(11, 2, 2)], &[last(10)]).await.unwrap();
    assert_eq!(usage.usage_since(&merchant, MODE, 10).await.unwrap(), [hour(10, 1, 0), hour(11, 7, 3)]);
    assert_eq!(usage.usage_since(&merchant, MODE, 11).await.unwrap(), [hour(11, 7, 3)]);
    assert_eq!(usage.usage_since(&merchant, Mode::Live, 10).await.unwrap(), []);
    assert_eq!(usage.last_use(key_id(1)).await.unwrap(), Some(last(20)), "an older use does not replace it");
    assert_eq!(usage.last_use(key_id(2)).await.unwrap(), None);
    usage.add_usage(&[], &[LastUse { credential: key_id(3), ..last(30) }]).await.unwrap();
    let mut uses = usage.last_uses(&[key_id(1), key_id(2), key_id(3)]).await.unwrap();
    uses.sort_by_key(|last| last.at);
    assert_eq!(uses, [last(20), LastUse { credential: key_id(3), ..last(30) }]);
    assert_eq!(usage.last_uses(&[]).await.unwrap(), []);
    assert_eq!(usage.sweep_usage(11).await.unwrap(), 1);
}

async fn audit_entries_are_found_by_what_they_say(db: Backend) {
    let (directory, merchant) = (&db.directory, stored_merchant(&db, 1).await);
    directory.append_audit(&entry("key.create")).await.unwrap();
    let about = NewAuditEntry { merchant: Some(merchant.clone()), at: in_s(1), ..entry("user.create") };
    directory.append_audit(&about).await.unwrap();
    let find = async |merchant, filter: AuditFilter| -> Vec<_> {
        let found = directory.find_audit_entries(merchant, &filter, None, 10).await.unwrap();
        found.into_iter().map(|entry| entry.action).collect()
    };
    let action = |action: &str| AuditFilter { action: action.into(), ..AuditFilter::default() };
    assert_eq!(find(None, AuditFilter::default()).await, ["user.create", "key.create"]);
    assert_eq!(find(Some(&merchant), AuditFilter::default()).await, ["user.create"]);
    assert_eq!(find(None, action("key.")).await, ["key.create"]);
    assert!(find(None, action("KEY.")).await.is_empty(), "case counts");
    let until = AuditFilter { until_ms: Some(now().unix_timestamp() * 1_000 + 1), ..AuditFilter::default() };
    assert_eq!(find(None, until).await, ["key.create"]);
    let nobody = AuditFilter { actor: "nobody".into(), ..AuditFilter::default() };
    assert!(find(None, nobody).await.is_empty());
}

async fn a_form_has_one_turn(db: Backend) {
    let (forms, digest) = (&db.forms, [7; 32]);
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let forms = forms.clone();
            tokio::spawn(async move { forms.take_form(&[7; 32], in_s(60), now()).await.unwrap() })
        })
        .collect();
    let mut turns = Vec::new();
    for task in tasks {
        turns.push(task.await.unwrap());
    }
    assert_eq!(turns.iter().filter(|turn| **turn == FormTurn::First).count(), 1);
    forms.settle_form(&digest, "/panel/keys/x").await.unwrap();
    let again = forms.take_form(&digest, in_s(60), in_s(59)).await.unwrap();
    assert_eq!(again, FormTurn::Again { place: Some("/panel/keys/x".into()) });
    assert_eq!(forms.take_form(&digest, in_s(120), in_s(60)).await.unwrap(), FormTurn::First, "its time is over");
    assert_eq!(forms.take_form(&digest, in_s(120), in_s(60)).await.unwrap(), FormTurn::Again { place: None });
    forms.release_form(&digest).await.unwrap();
    assert_eq!(forms.take_form(&digest, in_s(120), in_s(60)).await.unwrap(), FormTurn::First, "it was given back");
    assert_eq!(forms.take_form(&[8; 32], in_s(60), now()).await.unwrap(), FormTurn::First);
    assert_eq!(forms.sweep_forms(in_s(61)).await.unwrap(), 1);
}

async fn mail_is_tried_by_one_at_a_time(db: Backend) {
    let mails = &db.mails;
    let mail = |n: u8| WaitingMail {
        id: format!("mail{n}"),
        notice: "reset".into(),
        key_version: 1,
        sealed: vec![n; 40],
        attempts: 0,
        expires_at: in_s(1000 * i64::from(n)),
    };
    for n in 1..=3 {
        assert!(mails.put_mail(&mail(n), 3, in_s(i64::from(n))).await.unwrap());
    }
    assert!(!mails.put_mail(&mail(4), 3, in_s(4)).await.unwrap(), "as many wait as may");
    let first = mails.lease_mail(in_s(1), in_s(100)).await.unwrap().unwrap();
    assert_eq!((first.id.as_str(), first.attempts, &first.sealed), ("mail1", 1, &vec![1; 40]));
    assert_eq!((first.notice.as_str(), first.expires_at), ("reset", in_s(1000)));
    assert!(mails.lease_mail(in_s(1), in_s(100)).await.unwrap().is_none(), "the others are not due yet");
    let tasks: Vec<_> = (0..6)
        .map(|_| {
            let mails = mails.clone();
            tokio::spawn(async move { mails.lease_mail(in_s(50), in_s(100)).await.unwrap().map(|mail| mail.id) })
        })
        .collect();
    let mut leased = Vec::new();
    for task in tasks {
        leased.extend(task.await.unwrap());
    }
    leased.sort_unstable();
    assert_eq!(leased, ["mail2", "mail3"], "each by one");
    mails.defer_mail("mail2", in_s(60)).await.unwrap();
    let again = mails.lease_mail(in_s(60), in_s(100)).await.unwrap().unwrap();
    assert_eq!((again.id.as_str(), again.attempts), ("mail2", 2));
    mails.end_mail("mail2").await.unwrap();
    assert!(mails.lease_mail(in_s(99), in_s(200)).await.unwrap().is_none());
    let after_a_crash = mails.lease_mail(in_s(100), in_s(200)).await.unwrap().unwrap();
    assert_eq!((after_a_crash.id.as_str(), after_a_crash.attempts), ("mail1", 2));
    assert_eq!(mails.sweep_mails(in_s(1001)).await.unwrap(), 1);
    assert_eq!(mails.sweep_mails(in_s(3001)).await.unwrap(), 1);
}
