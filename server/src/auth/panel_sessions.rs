//! Browsers that are signed in to the control panel: a random cookie, kept as a keyed digest.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::{Duration, OffsetDateTime};
use tollgate_apikey::Mode;
use tollgate_client_address::ClientAddress;
use zeroize::Zeroizing;

use super::Arrival;
use crate::account::{MerchantId, User, UserId};
use crate::keys::{PanelUse, SecretKeys};
use crate::rng::{Rng, RngError};
use crate::storage::{FormTurn, PanelSession, Records, SentForms, SessionChange, Sessions, StorageError, complete};

/// The value of the cookie: 43 characters of base64url. It is a session only if one was stored under its digest.
pub struct SessionToken(Zeroizing<String>);

/// Names one showing of a page with forms: by it a form that is sent twice is known. No secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormId(String);

/// What a form says of the page it came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownForm {
    /// Which showing.
    pub id: FormId,
    /// Which mode's records it showed; none on pages for strangers.
    pub mode: Option<Mode>,
}

/// What is done once.
#[derive(Debug, Clone, Copy)]
pub enum OnceFor<'a> {
    /// For this showing of the form at this path.
    Form(&'a FormId, &'a str),
    /// For this record, whoever sends whichever form: its rotation.
    Record(&'a str),
}

/// The turn of something that is done once.
#[derive(Debug, Clone, Copy)]
pub struct Turn([u8; 32]);

/// Begins, finds and ends sessions.
#[derive(Clone)]
pub struct PanelSessions {
    sessions: Arc<dyn Sessions>,
    forms: Arc<dyn SentForms>,
    records: Arc<Records>,
    secret_keys: Arc<SecretKeys>,
    rng: Rng,
}

/// What a cookie turned out to be.
#[derive(Debug)]
pub enum Found {
    /// A session, and the user as it stands now.
    Live(Box<PanelSession>, Arc<User>),
    /// One that timed out: it can still keep a draft for the same user.
    TimedOut(Box<PanelSession>),
    /// Nothing.
    Unknown,
}

impl SessionToken {
    /// Characters of the text.
    const LEN: usize = 43;

    /// A new random one.
    ///
    /// # Errors
    ///
    /// [`RngError`] when there are no random bytes.
    pub fn draw(rng: &Rng) -> Result<Self, RngError> {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        rng.fill(&mut *bytes)?;
        Ok(Self(Zeroizing::new(URL_SAFE_NO_PAD.encode(*bytes))))
    }

    /// Reads a text of the right length and characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.len() == Self::LEN && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The text.
    #[must_use]
    pub fn expose_secret(&self) -> &str {
        &self.0
    }
}

impl FormId {
    /// Characters of the text: 131 bits.
    const LEN: usize = 22;

    /// What the digest in a token is over.
    fn bound(id: &str, mode: Option<Mode>, token: &SessionToken) -> Zeroizing<String> {
        Zeroizing::new(format!("{id}:{}:{}", mode.map_or("none", Mode::as_str), token.expose_secret()))
    }
}

impl fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionToken(redacted)")
    }
}

impl PanelSessions {
    /// A session ends when it was not used for this long.
    pub const IDLE: Duration = Duration::minutes(30);
    /// A session ends this long after it began.
    pub const LIFE: Duration = Duration::hours(12);
    /// How long a given password counts for what is dangerous.
    pub const PROVEN: Duration = Duration::minutes(5);
    /// Sessions of one user at a time; a further one ends the oldest.
    pub const PER_USER: u32 = 20;
    /// The longest name of a browser that is kept, in characters.
    const MAX_AGENT: usize = 200;
    /// Uses closer together than this are not written down one by one: a session ends that much early at most.
    const SEEN_EVERY: Duration = Duration::seconds(30);

    /// How long a form that was sent is remembered: longer than any session lives, and so than its token counts.
    const SENT_LIFE: Duration = Duration::hours(13);
    /// How long a rotation may be under way; afterwards the record itself shows it.
    const ROTATION: Duration = Duration::minutes(1);

    /// Sessions in this storage.
    #[must_use]
    pub fn new(
        sessions: Arc<dyn Sessions>,
        forms: Arc<dyn SentForms>,
        records: Arc<Records>,
        secret_keys: Arc<SecretKeys>,
        rng: Rng,
    ) -> Self {
        Self { sessions, forms, records, secret_keys, rng }
    }

    /// A cookie for a browser that is not signed in.
    ///
    /// # Errors
    ///
    /// [`RngError`] when there are no random bytes.
    pub fn visitor(&self) -> Result<SessionToken, RngError> {
        SessionToken::draw(&self.rng)
    }

    /// Begins a session of a user whose password was just right; the cookie is a new one, whatever the browser had.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer.
    pub async fn begin(
        &self,
        user: &User,
        arrival: &Arrival,
        new: NewSession<'_>,
    ) -> Result<SessionToken, StorageError> {
        let token = SessionToken::draw(&self.rng).map_err(|_| StorageError::unavailable())?;
        let id = self.rng.base62(12).map_err(|_| StorageError::unavailable())?;
        let session = PanelSession {
            digest: self.digest(&token),
            id: id.to_string(),
            user: user.id,
            generation: user.generation,
            mode: new.mode,
            created_at: arrival.now,
            seen_at: arrival.now,
            proven_at: arrival.now,
            address: address(&arrival.client),
            agent: new.agent.chars().filter(|c| !c.is_control()).take(Self::MAX_AGENT).collect(),
            flash: None,
            draft: new.draft,
        };
        let sessions = self.sessions.clone();
        complete(async move { sessions.open_session(&session, Self::PER_USER).await }).await?;
        Ok(token)
    }

    /// What a cookie is now. A use is noted.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer.
    pub async fn find(&self, token: &SessionToken, now: OffsetDateTime) -> Result<Found, StorageError> {
        let digest = self.digest(token);
        let Some(mut session) = self.sessions.session(&digest).await? else {
            return Ok(Found::Unknown);
        };
        // A changed password, a disabled user and a reset second factor end every session that began before.
        let user = self.records.user(session.user).await?;
        let Some(user) = user.filter(|user| user.generation == session.generation && !user.disabled) else {
            return Ok(Found::Unknown);
        };
        if !Self::is_live(&session, now) {
            return Ok(Found::TimedOut(Box::new(session)));
        }
        if now - session.seen_at >= Self::SEEN_EVERY {
            self.change(&session, SessionChange::Seen(now)).await?;
            session.seen_at = now;
        }
        Ok(Found::Live(Box::new(session), user))
    }

    /// Whether a session has timed out neither way.
    #[must_use]
    pub fn is_live(session: &PanelSession, now: OffsetDateTime) -> bool {
        now < session.seen_at + Self::IDLE && now < session.created_at + Self::LIFE
    }

    /// Changes one thing about a session.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer.
    pub async fn change(&self, session: &PanelSession, change: SessionChange) -> Result<(), StorageError> {
        self.sessions.change_session(&session.digest, &change).await
    }

    /// The live sessions of a user, newest first.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer.
    pub async fn list(&self, user: &User, now: OffsetDateTime) -> Result<Vec<PanelSession>, StorageError> {
        let all = self.sessions.sessions_of(user.id).await?;
        let live = |session: &PanelSession| session.generation == user.generation && Self::is_live(session, now);
        Ok(all.into_iter().filter(live).collect())
    }

    /// Ends the session of a user that is called so; whether there was one.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer; the session then still lives.
    pub async fn end(&self, user: &User, id: &str) -> Result<bool, StorageError> {
        self.sessions.end_session(user.id, id).await
    }

    /// Ends this session.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer; the session then still lives.
    pub async fn end_this(&self, session: &PanelSession) -> Result<bool, StorageError> {
        self.sessions.end_session(session.user, &session.id).await
    }

    /// Ends every session of a user but this one; answers how many.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer; the sessions then still live.
    pub async fn end_all(&self, user: &User, but: Option<&PanelSession>) -> Result<u64, StorageError> {
        self.sessions.end_sessions(user.id, but.map(|session| &session.digest)).await
    }

    /// How many live sessions the users of a merchant have; those without any are not there.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer.
    pub async fn count(
        &self,
        merchant: &MerchantId,
        now: OffsetDateTime,
    ) -> Result<HashMap<UserId, u64>, StorageError> {
        let counts = self.sessions.count_sessions(merchant, now - Self::IDLE, now - Self::LIFE).await?;
        Ok(counts.into_iter().collect())
    }

    /// Removes what ended long ago.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer.
    pub async fn sweep(&self, now: OffsetDateTime) -> Result<u64, StorageError> {
        let forms = self.forms.sweep_forms(now).await?;
        Ok(forms + self.sessions.sweep_sessions(now - Self::LIFE - Duration::DAY).await?)
    }

    /// The token of the forms on one showing of a page, in this mode, to this cookie's browser: a name of the showing, a
    /// point, and a digest over all three.
    ///
    /// # Errors
    ///
    /// [`RngError`] when there are no random bytes.
    pub fn form_token(&self, token: &SessionToken, mode: Option<Mode>) -> Result<String, RngError> {
        let id = self.rng.base62(FormId::LEN)?;
        let digest = self.secret_keys.panel_key().token(PanelUse::Form, &FormId::bound(&id, mode, token));
        Ok(format!("{}.{digest}", id.as_str()))
    }

    /// Which showing a form came from, if that was shown to this cookie's browser.
    #[must_use]
    pub fn form_of(&self, token: &SessionToken, presented: &str) -> Option<ShownForm> {
        let (id, digest) = presented.split_once('.').filter(|(id, _)| id.len() == FormId::LEN)?;
        let key = self.secret_keys.panel_key();
        let fits = |mode: &Option<Mode>| key.fits(PanelUse::Form, &FormId::bound(id, *mode, token), digest);
        let mode = [Some(Mode::Live), Some(Mode::Test), None].into_iter().find(fits)?;
        Some(ShownForm { id: FormId(id.to_owned()), mode })
    }

    /// Takes the turn of what a session does once: of any number of calls, on any node, one is told that it is the
    /// first.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer; then nothing may be done.
    pub async fn take_turn(
        &self,
        session: &PanelSession,
        once: OnceFor<'_>,
        now: OffsetDateTime,
    ) -> Result<(Turn, FormTurn), StorageError> {
        let (text, life) = match once {
            OnceFor::Form(FormId(form), path) => (format!("form:{}:{form}:{path}", session.id), Self::SENT_LIFE),
            OnceFor::Record(id) => (format!("record:{id}"), Self::ROTATION),
        };
        let digest = self.secret_keys.panel_key().digest(PanelUse::Sent, &text);
        Ok((Turn(digest), self.forms.take_form(&digest, now + life, now).await?))
    }

    /// Notes the page of what was made in a turn.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer; the turn stays taken.
    pub async fn settle_turn(&self, Turn(digest): Turn, place: &str) -> Result<(), StorageError> {
        self.forms.settle_form(&digest, place).await
    }

    /// Gives a turn back in which nothing was done.
    ///
    /// # Errors
    ///
    /// [`StorageError`] when storage did not answer; the turn stays taken.
    pub async fn release_turn(&self, Turn(digest): Turn) -> Result<(), StorageError> {
        self.forms.release_form(&digest).await
    }

    fn digest(&self, token: &SessionToken) -> [u8; 32] {
        self.secret_keys.panel_key().digest(PanelUse::Session, token.expose_secret())
    }
}

/// What a session starts with.
#[derive(Debug)]
pub struct NewSession<'a> {
    /// Which mode's records its pages show first.
    pub mode: Mode,
    /// `User-Agent`.
    pub agent: &'a str,
    /// A form that waits.
    pub draft: Option<String>,
}

fn address(client: &ClientAddress) -> Option<String> {
    match client {
        ClientAddress::Known(address) => Some(address.to_string()),
        ClientAddress::Unknown => None,
    }
}
