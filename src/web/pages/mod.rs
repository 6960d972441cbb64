//! One file for each family of pages: its handlers and its templates' data.

pub(super) mod attachment;
pub(super) mod conflicts;
pub(super) mod edit;
pub(super) mod health;
pub(super) mod history;
pub(super) mod merge;
pub(super) mod new;
pub(super) mod preferences;
pub(super) mod revision;
pub(super) mod theme;
pub(super) mod upload;
pub(super) mod view;
