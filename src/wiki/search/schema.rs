//! What the index holds of each document.
//!
//! Texts are stored (compressed) so that a snippet shows the very text that matched, without
//! reading the page's file or parsing it again for each hit.

use std::collections::HashMap;

use tantivy::schema::{
    FAST, Field, IndexRecordOption, STORED, STRING, Schema, TextFieldIndexing, TextOptions, Value,
};
use tantivy::tokenizer::{RAW_TOKENIZER_NAME, TextAnalyzer};
use tantivy::{Index, Searcher, TantivyDocument};

use super::SearchDoc;
use super::words::{WordTokenizer, Words, joined};
use crate::model::path::{DocKey, DocPath};

/// Changes with everything that makes an older index useless: fields, or how words are cut.
pub(super) const VERSION: u32 = 1;

const WORDS: &str = "everpage-words";
const MARK: &str = "mark";
pub(super) const TITLE_WORDS: &str = "title_words";

/// The fields of the index.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields {
    /// The document's key, as one term: what a change replaces.
    pub(super) key: Field,
    /// Key and stamp, readable for all documents at once.
    mark: Field,
    path: Field,
    /// The title, and the file name where it says something else.
    pub(super) title: Field,
    /// The same, each as one term: for who types a whole name.
    pub(super) name: Field,
    pub(super) folder: Field,
    /// The headings, and the tags, which weigh the same.
    pub(super) headings: Field,
    pub(super) text: Field,
    /// The tags, each as one term: for filters.
    tags: Field,
    title_words: Field,
}

/// What a hit shows of its document.
#[derive(Debug)]
pub(super) struct Shown {
    pub(super) path: DocPath,
    pub(super) title: String,
    pub(super) text: String,
    pub(super) tags: Vec<String>,
}

/// Makes the schema.
pub(super) fn schema() -> (Schema, Fields) {
    let mut builder = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(WORDS)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let words = TextOptions::default().set_indexing_options(indexing);
    let shown = words.clone().set_stored();
    let fields = Fields {
        key: builder.add_text_field("key", STRING),
        mark: builder.add_text_field(MARK, TextOptions::default().set_fast(RAW_TOKENIZER_NAME)),
        path: builder.add_text_field("path", STORED),
        title: builder.add_text_field("title", shown.clone()),
        name: builder.add_text_field("name", STRING),
        folder: builder.add_text_field("folder", words.clone()),
        headings: builder.add_text_field("headings", words),
        text: builder.add_text_field("text", shown),
        tags: builder.add_text_field("tags", STRING | STORED),
        title_words: builder.add_u64_field(TITLE_WORDS, FAST),
    };
    (builder.build(), fields)
}

/// Teaches an index how words are cut.
pub(super) fn register(index: &Index) {
    index.tokenizers().register(WORDS, TextAnalyzer::from(WordTokenizer));
}

impl Fields {
    /// Makes what the index takes in.
    pub(super) fn document(&self, key: &DocKey, doc: &SearchDoc) -> TantivyDocument {
        let mut out = TantivyDocument::new();
        out.add_text(self.key, key.as_str());
        out.add_text(self.mark, format!("{}\n{}", key.as_str(), doc.stamp));
        out.add_text(self.path, doc.path.as_str());
        let name = doc.path.title();
        out.add_text(self.title, &doc.title);
        out.add_text(self.name, joined(&doc.title));
        if joined(name) != joined(&doc.title) {
            out.add_text(self.title, name);
            out.add_text(self.name, joined(name));
        }
        out.add_text(self.folder, doc.path.folder());
        for heading in &doc.headings {
            out.add_text(self.headings, heading);
        }
        for tag in &doc.tags {
            out.add_text(self.headings, tag);
            out.add_text(self.tags, joined(tag));
        }
        out.add_text(self.text, &doc.text);
        out.add_u64(self.title_words, Words::of(&doc.title).count() as u64);
        out
    }

    /// Reads back what a hit shows; `None` where the index holds something that is no document.
    pub(super) fn shown(&self, document: &TantivyDocument) -> Option<Shown> {
        let text = |field: Field| document.get_first(field).and_then(|v| v.as_str());
        let tags = document.get_all(self.tags).filter_map(|v| v.as_str()).map(str::to_owned);
        Some(Shown {
            path: DocPath::new(text(self.path)?).ok()?,
            title: text(self.title)?.to_owned(),
            text: text(self.text).unwrap_or_default().to_owned(),
            tags: tags.collect(),
        })
    }
}

/// Returns the stamp of every document in the index, by key.
pub(super) fn stamps(searcher: &Searcher) -> tantivy::Result<HashMap<String, String>> {
    let mut stamps = HashMap::with_capacity(searcher.num_docs() as usize);
    for segment in searcher.segment_readers() {
        let Some(column) = segment.fast_fields().str(MARK)? else { continue };
        let mut marks = Vec::with_capacity(column.num_terms());
        let mut terms = column.dictionary().stream()?;
        while terms.advance() {
            marks.push(String::from_utf8_lossy(terms.key()).into_owned());
        }
        for doc in segment.doc_ids_alive() {
            let mark = column.ords().first(doc).and_then(|ord| marks.get(ord as usize));
            if let Some((key, stamp)) = mark.and_then(|m| m.split_once('\n')) {
                stamps.insert(key.to_owned(), stamp.to_owned());
            }
        }
    }
    Ok(stamps)
}
