//! What scripts ask: JSON instead of pages.

pub(super) mod events;
pub(super) mod goto;
pub(super) mod names;
pub(super) mod presence;
pub(super) mod preview;
pub(super) mod rebase;
pub(super) mod saved;
pub(super) mod settings;
pub(super) mod sync;
