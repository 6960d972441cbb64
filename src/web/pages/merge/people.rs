//! Who is who on the merge screen: the visitor is “you”, everyone else has a name.

use jiff::Timestamp;

use crate::model::path::fold;
use crate::model::revision::RevisionId;
use crate::web::pages::words;
use crate::wiki::{Document, Revision};

/// The author of one version.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) id: RevisionId,
    /// Who wrote it: `Ann`, `You`.
    pub(super) own: String,
    /// Which of several versions by one author it is: `current`, `unmerged 2`; empty if there is one.
    pub(super) which: String,
    pub(super) you: bool,
    /// Readers see it.
    pub(super) current: bool,
    pub(super) date: Option<Timestamp>,
    pub(super) summary: String,
    /// The version deletes the document.
    pub(super) deletes: bool,
}

impl Person {
    /// Returns how the version is called: `Ann`, `You`, or `Ann (current)` if she wrote two of them.
    pub(super) fn name(&self) -> String {
        if self.which.is_empty() {
            self.own.clone()
        } else {
            format!("{} ({})", self.own, self.which)
        }
    }

    /// Says what the version is: `current · deleted`.
    pub(super) fn facts(&self) -> String {
        let which = if self.current { "current" } else { &self.which };
        let deleted = if self.deletes { "deleted" } else { "" };
        let facts = [which, deleted];
        facts.into_iter().filter(|fact| !fact.is_empty()).collect::<Vec<_>>().join(" · ")
    }

    /// Returns the name within a sentence: `Ann`, `you`, `an unnamed editor`.
    fn within(&self) -> String {
        let name = self.name();
        match name.strip_prefix(words::name("")) {
            Some(rest) if self.is_unnamed() => format!("{}{rest}", words::by("")),
            _ if self.you => format!("y{}", name.strip_prefix('Y').unwrap_or(&name)),
            _ => name,
        }
    }

    fn is_unnamed(&self) -> bool {
        self.own == words::name("")
    }

    /// Says whose the version is, within a sentence: `Ann’s`, `your`, `Ann’s unmerged`.
    fn whose(&self) -> String {
        let own = match self.own.as_str() {
            _ if self.you => "your".to_owned(),
            _ if self.is_unnamed() => format!("{}’s", words::by("")),
            own => format!("{own}’s"),
        };
        match self.which.as_str() {
            "" => own,
            which if which.contains(char::is_numeric) => format!("{own} ({which})"),
            which => format!("{own} {which}"),
        }
    }
}

/// The authors of all versions, in the order of the merge: the winner's first.
#[derive(Debug, Clone)]
pub(super) struct People {
    pub(super) all: Vec<Person>,
    /// What the document is called: a page or a file.
    pub(super) thing: &'static str,
    /// A revision that one of the versions was made from is damaged or missing.
    pub(super) base_is_lost: bool,
}

impl People {
    /// Names the authors of versions; the visitor is known by their version or their name. A version
    /// that repeats another one is by whoever wrote that.
    pub(super) fn of(
        document: &Document,
        versions: &[&Revision],
        mine: Option<RevisionId>,
        me: &str,
    ) -> Self {
        let me = fold(me);
        let person = |r: &&Revision| {
            let written = document.repeated(r);
            let you = mine == Some(r.id) || (!me.is_empty() && fold(&written.author) == me);
            Person {
                id: r.id,
                own: if you { "You" } else { words::name(&written.author) }.to_owned(),
                which: String::new(),
                you,
                current: document.resolution().winner == Some(r.id),
                date: written.date,
                summary: written.summary.clone(),
                deletes: r.is_deletion(),
            }
        };
        let thing = if document.path().is_page() { "page" } else { "file" };
        let is_lost = |id| document.revision(id).is_none_or(|r| r.damage.is_some());
        Self {
            all: numbered(versions.iter().map(person).collect()),
            thing,
            base_is_lost: versions.iter().flat_map(|r| &r.parents).any(|id| is_lost(*id)),
        }
    }

    /// Returns true if one of the versions is the visitor's.
    pub(super) fn has_you(&self) -> bool {
        self.all.iter().any(|person| person.you)
    }

    /// Says whose all versions are if one author wrote them: `Your two versions`.
    pub(super) fn all_by_one(&self) -> Option<String> {
        let (first, rest) = self.all.split_first()?;
        let one = !rest.is_empty() && rest.iter().all(|person| person.own == first.own);
        let versions = words::count(self.all.len(), "version", "versions");
        one.then(|| match first.own.as_str() {
            _ if first.you => format!("Your {versions}"),
            _ if first.is_unnamed() => words::capital(&versions),
            own => format!("{own}’s {versions}"),
        })
    }

    /// Lists the authors of versions at the start of a sentence: `Ann and you`.
    pub(super) fn list(&self, versions: &[usize]) -> String {
        self.started(versions, self.within(versions))
    }

    /// Lists the authors of versions within a sentence.
    pub(super) fn within(&self, versions: &[usize]) -> String {
        let mut names: Vec<String> = Vec::new();
        for name in self.in_order(versions).into_iter().map(Person::within) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        if names.is_empty() { words::by("").to_owned() } else { words::list(&names) }
    }

    /// Says whose something is, at the start of a sentence: `Ann’s`, `Your`, `Ann and Ben’s`.
    pub(super) fn whose(&self, versions: &[usize]) -> String {
        self.started(versions, self.whose_within(versions))
    }

    /// Says whose something is within a sentence.
    pub(super) fn whose_within(&self, versions: &[usize]) -> String {
        if let [one] = self.in_order(versions)[..] {
            return one.whose();
        }
        let names = self.within(versions);
        match names.strip_suffix(" and you") {
            Some(others) => format!("{others}’s and your"),
            None => format!("{names}’s"),
        }
    }

    /// Returns the authors of versions, the visitor last: “Ann and you”, not “you and Ann”.
    fn in_order(&self, versions: &[usize]) -> Vec<&Person> {
        let mut people: Vec<&Person> = versions.iter().filter_map(|v| self.all.get(*v)).collect();
        people.sort_by_key(|person| person.you);
        people
    }

    /// Begins a sentence with words for some people; a name stays as its owner writes it.
    fn started(&self, versions: &[usize], words: String) -> String {
        match self.in_order(versions).first() {
            Some(first) if !first.you && !first.is_unnamed() => words,
            _ => words::capital(&words),
        }
    }
}

/// Tells versions by one author apart.
fn numbered(mut people: Vec<Person>) -> Vec<Person> {
    let names: Vec<String> = people.iter().map(|p| p.own.clone()).collect();
    for (i, person) in people.iter_mut().enumerate() {
        let same = || names.iter().enumerate().filter(|(_, name)| **name == names[i]);
        if same().count() == 1 {
            continue;
        }
        let others = same().filter(|(at, _)| *at > 0).count();
        let number = same().filter(|(at, _)| *at > 0 && *at <= i).count();
        person.which = match (i, others) {
            (0, _) => "current".to_owned(),
            (_, 1) => "unmerged".to_owned(),
            _ => format!("unmerged {number}"),
        };
    }
    people
}

#[cfg(test)]
mod tests {
    use super::*;

    fn people(names: &[&str], you: Option<usize>) -> People {
        let id = |i: usize| format!("2-00000000-0000-4000-8000-00000000000{i}").parse().unwrap();
        let mut list = Vec::new();
        for (i, name) in names.iter().enumerate() {
            list.push(Person {
                id: id(i),
                own: if you == Some(i) { "You".to_owned() } else { (*name).to_owned() },
                which: String::new(),
                you: you == Some(i),
                current: i == 0,
                date: None,
                summary: String::new(),
                deletes: false,
            });
        }
        People { all: numbered(list), thing: "page", base_is_lost: false }
    }

    #[test]
    fn authors_are_named_as_people_would() {
        let two = people(&["Ann", "Ben"], None);
        assert_eq!((two.list(&[0, 1]), two.whose(&[0])), ("Ann and Ben".into(), "Ann’s".into()));
        let mine = people(&["Ben", "Ann"], Some(0));
        assert_eq!(mine.list(&[0, 1]), "Ann and you");
        assert_eq!((mine.list(&[0]), mine.whose(&[0])), ("You".into(), "Your".into()));
        assert_eq!(mine.whose_within(&[0, 1]), "Ann’s and your");
        let unnamed = people(&["An unnamed editor"], None);
        assert_eq!(unnamed.within(&[0]), "an unnamed editor");
        assert_eq!(unnamed.whose(&[0]), "An unnamed editor’s");
        assert_eq!(people(&["bell", "Ann"], None).list(&[0, 1]), "bell and Ann");
    }

    #[test]
    fn versions_by_one_author_are_told_apart() {
        let ann = people(&["Ann", "Ben", "Ann"], None);
        assert_eq!(ann.list(&[0, 2]), "Ann (current) and Ann (unmerged)");
        assert_eq!(ann.whose(&[2]), "Ann’s unmerged");
        assert_eq!(ann.all_by_one(), None);
        let unnamed = people(&["An unnamed editor", "An unnamed editor"], None);
        assert_eq!(
            unnamed.list(&[0, 1]),
            "An unnamed editor (current) and an unnamed editor (unmerged)"
        );
        assert_eq!(unnamed.all_by_one().as_deref(), Some("Two versions"));
        let mut mine = people(&["Ann", "Ann"], None);
        mine.all.iter_mut().for_each(|person| (person.own, person.you) = ("You".to_owned(), true));
        assert_eq!(mine.all_by_one().as_deref(), Some("Your two versions"));
        assert_eq!(
            (mine.whose(&[0]), mine.list(&[1])),
            ("Your current".into(), "You (unmerged)".into())
        );
    }
}
