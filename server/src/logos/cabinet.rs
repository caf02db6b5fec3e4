//! The pictures that were asked for lately, and those that there are not: each is fetched once for all who ask.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout};

use super::album::{Album, Key};
use super::fetch::{Fetcher, NoPicture};
use super::picture::{Picture, draw};
use crate::pages::Lru;

/// The memory that pictures may take.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// The pictures, and gaps, that are remembered.
const MOST_PICTURES: usize = 4_096;

/// Pictures under way at once …
const FETCHES: usize = 8;

/// … and drawn at once: each may need some memory.
const DRAWINGS: usize = 2;

/// How long somebody waits for a turn.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a picture is good for …
const FRESH: Duration = Duration::from_secs(24 * 3_600);

/// … and how long an address at which there was none is left alone.
const GONE: Duration = Duration::from_secs(600);

/// Fetches pictures and keeps them for a while.
#[derive(Clone)]
pub(super) struct Cabinet(Arc<Inner>);

struct Inner {
    album: Album,
    fetcher: Fetcher,
    shelf: Mutex<Lru<Key, Slot>>,
    fetches: Semaphore,
    drawings: Semaphore,
}

/// A place for a picture: empty while it is under way.
type Slot = Arc<OnceCell<Kept>>;

#[derive(Clone, Debug)]
struct Kept {
    picture: Option<Arc<Picture>>,
    until: Instant,
}

/// There is too much to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Busy;

impl fmt::Debug for Cabinet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cabinet").finish_non_exhaustive()
    }
}

impl Cabinet {
    pub(super) fn new(album: Album, fetcher: Fetcher) -> Self {
        Self(Arc::new(Inner {
            album,
            fetcher,
            shelf: Mutex::new(Lru::new(MOST_BYTES)),
            fetches: Semaphore::new(FETCHES),
            drawings: Semaphore::new(DRAWINGS),
        }))
    }

    /// The picture of a key; `None` when the key is of no token on the board, or there is no picture at its address.
    pub(super) async fn picture(&self, key: Key) -> Result<Option<Arc<Picture>>, Busy> {
        let Some(address) = self.0.album.address(key) else { return Ok(None) };
        let slot = self.slot(key);
        if let Some(kept) = slot.get() {
            return Ok(kept.picture.clone());
        }
        // Goes on when the first who asked goes away: the next one takes over, or nobody needs it.
        let kept = slot.get_or_try_init(async || {
            let picture = self.make(&address).await?;
            let wait = if picture.is_some() { FRESH } else { GONE };
            Ok(Kept { picture, until: Instant::now() + wait })
        });
        let picture = kept.await?.picture.clone();
        self.shelf().weigh(&key, picture.as_ref().map_or(0, |picture| picture.png.len()));
        Ok(picture)
    }

    fn slot(&self, key: Key) -> Slot {
        let mut shelf = self.shelf();
        let now = Instant::now();
        let is_over = |slot: &Slot| slot.get().is_some_and(|kept| kept.until <= now);
        if shelf.get(&key).is_some_and(|slot| is_over(&slot)) {
            shelf.remove(&key);
        }
        let slot = shelf.get_or_insert_with(&key, Slot::default);
        while shelf.len() > MOST_PICTURES {
            shelf.pop();
        }
        slot
    }

    async fn make(&self, address: &str) -> Result<Option<Arc<Picture>>, Busy> {
        let bytes = {
            let _turn = turn(&self.0.fetches).await?;
            self.0.fetcher.fetch(address).await
        };
        let drawn = match bytes {
            Ok(bytes) => {
                let _turn = turn(&self.0.drawings).await?;
                // One that brings the decoder down is no picture.
                let drawn = tokio::task::spawn_blocking(move || draw(&bytes)).await;
                drawn.ok().flatten().ok_or(NoPicture::Undrawable)
            }
            Err(error) => Err(error),
        };
        Ok(drawn.inspect_err(|error| tracing::debug!(address, %error, "There is no such picture")).ok().map(Arc::new))
    }

    fn shelf(&self) -> MutexGuard<'_, Lru<Key, Slot>> {
        self.0.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn turn(semaphore: &Semaphore) -> Result<SemaphorePermit<'_>, Busy> {
    // Nobody closes the semaphores.
    timeout(PATIENCE, semaphore.acquire()).await.map_err(|_| Busy)?.map_err(|_| Busy)
}
