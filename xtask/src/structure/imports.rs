//! Which module of a crate uses which: by `use`, or by a path in the middle of the code.
//!
//! A path counts from where it begins with `crate`, `self` or `super`. What a module re-exports
//! from another is the other's: `super::Vote` leads to `voting` if the parent has `pub use
//! voting::Vote`. What only tests use does not count.

use std::collections::BTreeMap;

use super::tokens::{Token, shipped, tokens};
use crate::files::Files;

/// A module by its path from the root of the crate.
pub(super) type Module = Vec<String>;

/// One module's use of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(super) from: Module,
    pub(super) to: Module,
    /// `file:line`.
    pub(super) place: String,
}

/// The modules of a crate, and the paths in them.
#[derive(Default)]
pub(super) struct Crate {
    paths: BTreeMap<Module, Vec<Path>>,
    /// What each module has imported, by the name it has there.
    names: BTreeMap<Module, BTreeMap<String, Vec<String>>>,
}

/// A path in the code, from the root of the crate.
struct Path {
    segments: Vec<String>,
    place: String,
}

impl Crate {
    /// Reads the modules in the files below `sources`, a crate's `src/`.
    pub(super) fn read(sources: &str, files: &Files) -> Self {
        let mut this = Self::default();
        for (path, text) in files {
            let Some(module) = path.strip_prefix(sources).and_then(module_of) else { continue };
            let all = tokens(text);
            let tokens = shipped(&all);
            this.paths.entry(module.clone()).or_default();
            Reader { tokens: &tokens, file: path, found: &mut this }.module(&module, 0);
        }
        this.drop_tests(sources, files);
        this
    }

    /// Forgets the modules that are declared for tests only.
    fn drop_tests(&mut self, sources: &str, files: &Files) {
        for (path, text) in files {
            let Some(module) = path.strip_prefix(sources).and_then(module_of) else { continue };
            let all = tokens(text);
            let declared = |tokens: &[&Token<'_>]| -> Vec<String> {
                let declaration = |three: &[&Token<'_>]| {
                    (three[0].text == "mod" && three[2].text == ";").then(|| three[1].text.into())
                };
                tokens.windows(3).filter_map(declaration).collect()
            };
            let kept = declared(&shipped(&all));
            for name in declared(&all.iter().collect::<Vec<_>>()) {
                if !kept.contains(&name) {
                    let dropped = [module.clone(), vec![name]].concat();
                    self.paths.retain(|module, _| !module.starts_with(&dropped));
                }
            }
        }
    }

    /// Returns all uses of one module by another.
    pub(super) fn uses(&self) -> Vec<Use> {
        let mut uses = Vec::new();
        for (from, paths) in &self.paths {
            for path in paths {
                let to = self.owner(&path.segments, 8);
                if to != *from {
                    uses.push(Use { from: from.clone(), to, place: path.place.clone() });
                }
            }
        }
        uses
    }

    /// Returns the module that a path leads to, through at most so many re-exports.
    fn owner(&self, path: &[String], hops: usize) -> Module {
        let mut length = path.len();
        while length > 0 && !self.paths.contains_key(&path[..length]) {
            length -= 1;
        }
        let (module, rest) = path.split_at(length);
        let again = rest.first().and_then(|name| self.names.get(module)?.get(name));
        match again {
            Some(imported) if hops > 0 && imported != path => {
                self.owner(&[imported.as_slice(), &rest[1..]].concat(), hops - 1)
            }
            _ => module.to_vec(),
        }
    }
}

/// Returns the module that a file is, or `None` for what is a crate of its own.
fn module_of(path: &str) -> Option<Module> {
    let path = path.strip_suffix(".rs")?;
    if path.starts_with("bin/") {
        return None;
    }
    let path = path.strip_suffix("/mod").unwrap_or(path);
    let is_root = matches!(path, "lib" | "main");
    Some(if is_root { Vec::new() } else { path.split('/').map(str::to_owned).collect() })
}

struct Reader<'a, 't> {
    tokens: &'t [&'t Token<'a>],
    file: &'t str,
    found: &'t mut Crate,
}

impl Reader<'_, '_> {
    fn text(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    /// Reads a module from `at` on, and returns the place after it.
    fn module(&mut self, module: &Module, mut at: usize) -> usize {
        let mut depth = 0_usize;
        let mut is_use = false;
        while at < self.tokens.len() {
            match self.text(at) {
                "mod" if self.text(at + 2) == "{" => {
                    let inner = [module.clone(), vec![self.text(at + 1).to_owned()]].concat();
                    self.found.paths.entry(inner.clone()).or_default();
                    at = self.module(&inner, at + 3);
                    continue;
                }
                "{" => depth += 1,
                "}" if depth == 0 => return at + 1,
                "}" => depth -= 1,
                "use" => is_use = true,
                ";" => is_use = false,
                "crate" | "self" | "super" if self.begins_path(at) => {
                    at = self.tree(module, Vec::new(), at, is_use);
                    continue;
                }
                name if is_use && self.text(at - 1) == "use" && self.is_child(name) => {
                    at = self.tree(module, module.clone(), at, is_use);
                    continue;
                }
                _ => {}
            }
            at += 1;
        }
        at
    }

    fn begins_path(&self, at: usize) -> bool {
        let follows = at > 0 && matches!(self.text(at - 1), "::" | "$");
        self.text(at + 1) == "::" && !follows
    }

    /// Returns whether `use NAME::...` starts at a module inside of this one, and not at a crate.
    fn is_child(&self, name: &str) -> bool {
        let declares = |three: &[&Token<'_>]| {
            three[0].text == "mod" && three[1].text == name && matches!(three[2].text, ";" | "{")
        };
        self.tokens.windows(3).any(declares)
    }

    /// Reads a path from `at` on, with all its branches if it has some, and returns the place after
    /// it.
    fn tree(&mut self, module: &Module, prefix: Module, mut at: usize, is_use: bool) -> usize {
        let line = self.tokens[at].line;
        let mut path = prefix;
        let mut is_first = true;
        loop {
            match self.text(at) {
                "crate" => path.clear(),
                // At the start of a path it is this module; in braces it is what stands before.
                "self" if is_first && path.is_empty() => path.clone_from(module),
                "self" => {}
                "super" => {
                    if is_first && path.is_empty() {
                        path.clone_from(module);
                    }
                    path.pop();
                }
                "{" => {
                    at += 1;
                    while !matches!(self.text(at), "}" | "") {
                        at = self.tree(module, path.clone(), at, is_use);
                        if self.text(at) == "," {
                            at += 1;
                        }
                    }
                    return at + 1;
                }
                "*" => {
                    self.add(module, path, line, None);
                    return at + 1;
                }
                name => {
                    let name = name.to_owned();
                    path.push(name);
                }
            }
            is_first = false;
            at += 1;
            let goes_on = |next: &str| {
                next == "{"
                    || next == "*"
                    || next.starts_with(|c: char| c.is_alphabetic() || c == '_')
            };
            if self.text(at) == "::" && goes_on(self.text(at + 1)) {
                at += 1;
                continue;
            }
            let mut name = path.last().cloned();
            if is_use && self.text(at) == "as" {
                name = Some(self.text(at + 1).to_owned());
                at += 2;
            }
            self.add(module, path, line, name.filter(|_| is_use));
            return at;
        }
    }

    fn add(&mut self, module: &Module, path: Vec<String>, line: usize, name: Option<String>) {
        if let Some(name) = name {
            self.found.names.entry(module.clone()).or_default().insert(name, path.clone());
        }
        let place = format!("{}:{line}", self.file);
        self.found.paths.entry(module.clone()).or_default().push(Path { segments: path, place });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the uses in some files, as `from -> to`.
    fn uses(files: &[(&str, &str)]) -> Vec<String> {
        let files = files.iter().map(|(path, text)| (format!("x/src/{path}"), (*text).to_owned()));
        let uses = Crate::read("x/src/", &files.collect()).uses();
        uses.iter().map(|one| format!("{} -> {}", one.from.join("::"), one.to.join("::"))).collect()
    }

    #[test]
    fn a_path_leads_to_the_module_that_has_the_item() {
        let found = uses(&[
            ("lib.rs", "mod a;\nmod b;"),
            ("a.rs", "use crate::b::{self, inner::{Deep, self}, Thing as Other};"),
            ("b/mod.rs", "mod inner;"),
            ("b/inner.rs", "fn f() { crate::a::g::<u8>(); super::h(); }"),
        ]);
        let expected = ["a -> b", "a -> b::inner", "a -> b::inner", "a -> b", "b::inner -> a"];
        assert_eq!(found, [&expected[..], &["b::inner -> b"]].concat());
    }

    #[test]
    fn what_is_re_exported_is_its_owners() {
        let found = uses(&[
            ("lib.rs", "mod a;\nmod b;\npub use b::Thing;\npub(crate) use self::b::f as g;"),
            ("a.rs", "use crate::Thing;\nfn h() { crate::g() }"),
            ("b.rs", ""),
        ]);
        assert_eq!(found, [" -> b", " -> b", "a -> b", "a -> b"]);
    }

    #[test]
    fn tests_may_use_what_they_like() {
        let found = uses(&[
            ("lib.rs", "mod a;\nmod b;\n#[cfg(test)]\nmod tests;"),
            ("a.rs", "#[cfg(test)]\nmod tests {\n use crate::b::Thing;\n}"),
            ("b.rs", "mod inner {\n use super::super::a::Thing;\n}"),
            ("tests.rs", "use crate::a::Thing;"),
        ]);
        assert_eq!(found, ["b::inner -> a"]);
    }
}
