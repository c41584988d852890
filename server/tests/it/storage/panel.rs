//! What the control panel keeps, on every database.

use tollgate::account::{Actor, MerchantId, NewAuditEntry, PasswordHash, Role, SealedTotp, Switch, User, UserId};
use tollgate::storage::{
    AuditFilter, AuditLink, ChangeRefusal, FormTurn, HourOfUse, LastUse, LinkPurpose, PanelSession, PasswordLink,
    SessionChange, UserChange, WaitingMail,
};
use tollgate_apikey::Mode;

use super::Backend;
use super::samples::{MODE, entry, in_s, key_id, merchant_id, now, stored_merchant, user};

super::on_each!(Sqlite in sqlite, Postgres in postgres => {
    a_merchant_has_so_many_users_and_finds_its_owners,
    a_password_link_sets_one_password,
    a_reset_ends_resets_and_an_invitation_ends_all,
    a_second_factor_stands_when_its_enrolment_was_confirmed,
    a_form_has_one_turn,
    administrators_are_changed_by_administrators,
    an_owner_without_a_password_keeps_nobody_from_being_the_last,
    audit_entries_are_found_by_what_they_say,
    every_session_of_a_merchant_ends_at_once,
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

    for n in 1..=3 {
        db.sessions.open_session(&session(id, n), 9).await.unwrap();
    }
    let codes = vec![[7; 32], [8; 32]];
    let replaced = UserChange::SecondFactor(old, codes.clone(), None);
    let refused = directory.change_user(id, &replaced, &entry("test")).await.unwrap();
    assert_eq!(refused, Err(ChangeRefusal::NotUsable), "it was replaced");
    let confirmed = UserChange::SecondFactor(secret.clone(), codes, Some([2; 32]));
    assert_eq!(directory.change_user(id, &confirmed, &entry("test")).await.unwrap(), Ok(true));
    assert!(db.vault.user(id).await.unwrap().unwrap().second_factor == Some(secret));

    let mut sealed = Vec::new();
    for table in 0.. {
        let Some(records) = directory.sealed_before(2, table, 0, 10).await.unwrap() else { break };
        sealed.extend(records.into_iter().map(|record| record.context));
    }
    assert_eq!(sealed, [format!("totp:{}", id.get())], "it can be sealed anew");

    let sessions: Vec<_> = db.sessions.sessions_of(id).await.unwrap().into_iter().map(|session| session.id).collect();
    assert_eq!(sessions, ["session2"], "who got in without a code is out");

    let spend = async || directory.spend_recovery_code(id, &[7; 32], entry("code.used")).await.unwrap();
    let before = directory.audit_head().await.unwrap().seq;
    assert_eq!((spend().await, spend().await), (Some(1), None));
    let told = directory.audit_links(before, 9).await.unwrap();
    let [AuditLink::Readable(told)] = &told[..] else { panic!("one entry: {told:?}") };
    assert_eq!((told.action.as_str(), told.detail.as_str()), ("code.used", r#"{"left":1}"#));
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
    let store = async |link: PasswordLink| directory.store_link(&link, &entry("link.made")).await.unwrap();
    assert_eq!((store(link(1)).await, store(link(2)).await), (Ok(()), Ok(())));
    assert!(directory.link(&[1; 32]).await.unwrap().is_none(), "a later link ended it");
    let found = directory.link(&[2; 32]).await.unwrap().unwrap();
    assert_eq!(format!("{found:?}"), format!("{:?}", link(2)));

    let hash = db.vault.user(id).await.unwrap().unwrap().password_hash;
    let change = UserChange::PasswordByLink(hash, [2; 32]);
    assert_eq!(directory.change_user(id, &change, &entry("test")).await.unwrap(), Ok(true));
    let refused = directory.change_user(id, &change, &entry("test")).await.unwrap();
    assert_eq!(refused, Err(ChangeRefusal::NotUsable), "it was used up");

    assert_eq!(store(link(3)).await, Err(ChangeRefusal::NotUsable), "of the generation before");
    assert_eq!(store(PasswordLink { generation: 2, ..link(3) }).await, Ok(()));
    assert_eq!(directory.sweep_links(in_s(60)).await.unwrap(), 0);
    assert_eq!(directory.sweep_links(in_s(61)).await.unwrap(), 1);
}

async fn a_reset_ends_resets_and_an_invitation_ends_all(db: Backend) {
    let (directory, id) = (&db.directory, stored_user(&db).await);
    let link = |n, purpose| PasswordLink { digest: [n; 32], user: id, generation: 1, purpose, expires_at: in_s(60) };
    let store = async |n, purpose| {
        directory.store_link(&link(n, purpose), &entry("link.made")).await.unwrap().unwrap();
        let mut alive = Vec::new();
        for n in 1..=4 {
            alive.extend(directory.link(&[n; 32]).await.unwrap().map(|_| n));
        }
        alive
    };
    assert_eq!(store(1, LinkPurpose::Invitation).await, [1]);
    assert_eq!(store(2, LinkPurpose::Reset).await, [1, 2], "anybody can ask for a reset");
    assert_eq!(store(3, LinkPurpose::Reset).await, [1, 3]);
    assert_eq!(store(4, LinkPurpose::Invitation).await, [4]);
}

async fn administrators_are_changed_by_administrators(db: Backend) {
    let (directory, merchant) = (&db.directory, stored_merchant(&db, 1).await);
    let mut ids = Vec::new();
    for (email, mark) in [("owner", Switch::Off), ("administrator", Switch::On), ("second", Switch::On)] {
        let new = user(&merchant, &format!("{email}@shop.example"));
        let id = db.vault.insert_user(&new, now()).await.unwrap();
        directory.change_user(id, &UserChange::Administrator(mark), &entry("mark")).await.unwrap().unwrap();
        ids.push(id);
    }
    let [owner, administrator, second] = ids[..] else { unreachable!() };
    let by = |who: UserId, what: &UserChange| {
        let (what, entry) = (what.clone(), NewAuditEntry { actor: Actor::user(who, None), ..entry("user.changed") });
        async move { directory.change_user(administrator, &what, &entry).await.unwrap() }
    };
    for what in [
        UserChange::ApiBasic(Switch::Off),
        UserChange::Disable,
        UserChange::NoSecondFactor,
        UserChange::Password(PasswordHash::unset()),
        UserChange::Role(Role::ReadOnly),
    ] {
        assert_eq!(by(owner, &what).await, Err(ChangeRefusal::Administrator), "{what:?}");
    }
    let link = PasswordLink {
        digest: [1; 32],
        user: administrator,
        generation: 1,
        purpose: LinkPurpose::Invitation,
        expires_at: in_s(60),
    };
    let as_owner = NewAuditEntry { actor: Actor::user(owner, None), ..entry("link.made") };
    assert_eq!(directory.store_link(&link, &as_owner).await.unwrap(), Err(ChangeRefusal::Administrator));
    assert!(directory.link(&[1; 32]).await.unwrap().is_none());

    assert_eq!(by(second, &UserChange::Role(Role::Developer)).await, Ok(true), "another administrator");
    assert_eq!(by(administrator, &UserChange::Role(Role::ReadOnly)).await, Ok(true), "oneself");
    let demoted = directory.change_user(second, &UserChange::Disable, &entry("user.disabled")).await.unwrap();
    assert_eq!(demoted, Ok(true), "the operator");
    assert_eq!(by(second, &UserChange::Disable).await, Err(ChangeRefusal::Administrator), "one who is shut out");
}

async fn an_owner_without_a_password_keeps_nobody_from_being_the_last(db: Backend) {
    let (directory, merchant) = (&db.directory, stored_merchant(&db, 1).await);
    let first = db.vault.insert_user(&user(&merchant, "a@shop.example"), now()).await.unwrap();
    let invited = User { password_hash: PasswordHash::unset(), ..user(&merchant, "b@shop.example") };
    let invited = db.vault.insert_user(&invited, now()).await.unwrap();
    let step_down = NewAuditEntry { actor: Actor::user(first, None), ..entry("user.role_set") };
    let step_down = async || {
        let role = UserChange::Role(Role::ReadOnly);
        directory.change_user(first, &role, &step_down).await.unwrap()
    };
    assert_eq!(step_down().await, Err(ChangeRefusal::LastOwner));
    let password = UserChange::Password(PasswordHash::from_stored("$argon2id$new".into()));
    assert_eq!(directory.change_user(invited, &password, &entry("user.password_set")).await.unwrap(), Ok(true));
    assert_eq!(step_down().await, Ok(true));
}

async fn a_merchant_has_so_many_users_and_finds_its_owners(db: Backend) {
    let (directory, merchant) = (&db.directory, stored_merchant(&db, 1).await);
    let other = stored_merchant(&db, 2).await;
    let make = async |merchant: &MerchantId, email: &str, role| {
        let new = User { role, ..user(merchant, email) };
        directory.create_user(&new, 3, now(), entry("user.created")).await.unwrap()
    };
    let first = make(&merchant, "a@shop.example", Role::Owner).await.unwrap();
    make(&merchant, "b@shop.example", Role::ReadOnly).await.unwrap();
    let third = make(&merchant, "c@shop.example", Role::Owner).await.unwrap();
    assert_eq!(make(&merchant, "d@shop.example", Role::Owner).await, Err(ChangeRefusal::TooMany));
    make(&other, "d@shop.example", Role::Owner).await.unwrap();
    let owners = async || -> Vec<_> {
        directory.owners_of(&merchant).await.unwrap().into_iter().map(|owner| owner.id).collect()
    };
    assert_eq!(owners().await, [first, third]);
    directory.change_user(third, &UserChange::Disable, &entry("user.disabled")).await.unwrap().unwrap();
    assert_eq!(owners().await, [first]);
}

async fn every_session_of_a_merchant_ends_at_once(db: Backend) {
    let (directory, merchant) = (&db.directory, stored_merchant(&db, 1).await);
    let other = stored_merchant(&db, 2).await;
    let mut ids = Vec::new();
    for (n, merchant) in [(1, &merchant), (2, &merchant), (3, &other)] {
        let id = db.vault.insert_user(&user(merchant, &format!("{n}@shop.example")), now()).await.unwrap();
        db.sessions.open_session(&session(id, n), 9).await.unwrap();
        db.sessions.open_session(&session(id, n + 10), 9).await.unwrap();
        ids.push(id);
    }
    let before = directory.audit_head().await.unwrap().seq;
    let ended = directory.end_sessions_of(&merchant, Some(&[12; 32]), entry("ended")).await.unwrap();
    assert_eq!(ended, Ok(3));
    let mut left = Vec::new();
    for id in ids {
        left.extend(db.sessions.sessions_of(id).await.unwrap().into_iter().map(|session| session.id));
    }
    assert_eq!(left, ["session12", "session13", "session3"], "one's own, and those of another merchant");
    let told = directory.audit_links(before, 9).await.unwrap();
    let [AuditLink::Readable(told)] = &told[..] else { panic!("one entry: {told:?}") };
    assert_eq!(told.detail, r#"{"sessions":3}"#);
    let absent = directory.end_sessions_of(&merchant_id(9), None, entry("ended")).await.unwrap();
    assert_eq!(absent, Err(ChangeRefusal::NotFound));
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
    let operator = AuditFilter { actor: "operator".into(), ..action("user.") };
    assert_eq!(find(Some(&merchant), operator).await, ["user.create"], "every part of a filter counts");
    assert!(find(Some(&merchant), action("key.")).await.is_empty());
    let links = directory.audit_links_of(&merchant, 0, 9).await.unwrap();
    assert_eq!(links.iter().map(AuditLink::seq).collect::<Vec<_>>(), [2]);
    assert!(directory.audit_links_of(&merchant, 2, 9).await.unwrap().is_empty());
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
