//! Dead files: source files that no module declares, so that the compiler never sees them.

use crate::files::Files;

/// Returns the files below `sources` (a crate's `src/`) that no module declares.
pub(super) fn unreachable(sources: &str, files: &Files) -> Vec<String> {
    files
        .keys()
        .filter(|path| path.ends_with(".rs"))
        .filter_map(|path| Some((path, path.strip_prefix(sources)?)))
        .filter(|(_, module)| !is_root(module) && !is_declared(sources, module, files))
        .map(|(path, _)| path.clone())
        .collect()
}

/// Returns whether cargo finds this file without a declaration.
fn is_root(module: &str) -> bool {
    matches!(module, "lib.rs" | "main.rs") || module.starts_with("bin/")
}

/// Returns whether the nearest file above `module` declares it.
///
/// That file is the parent module, or further up if the parent is written inline in it, as
/// `mod tests { mod vectors; }` is.
fn is_declared(sources: &str, module: &str, files: &Files) -> bool {
    let module = module.strip_suffix("/mod.rs").or_else(|| module.strip_suffix(".rs"));
    let (mut parent, name) = match module.unwrap_or_default().rsplit_once('/') {
        Some((parent, name)) => (Some(parent), name),
        None => (None, module.unwrap_or_default()),
    };
    while let Some(directory) = parent {
        let mut candidates = [format!("{directory}.rs"), format!("{directory}/mod.rs")].into_iter();
        if let Some(text) = candidates.find_map(|file| files.get(&format!("{sources}{file}"))) {
            return declares(text, name);
        }
        parent = directory.rsplit_once('/').map(|(above, _)| above);
    }
    let roots = ["lib.rs", "main.rs"].map(|root| files.get(&format!("{sources}{root}")));
    roots.into_iter().flatten().any(|text| declares(text, name))
}

fn declares(text: &str, name: &str) -> bool {
    let declaration = format!("mod {name};");
    text.lines().any(|line| {
        let line = line.trim_start();
        !line.starts_with("//")
            && line.find(&declaration).is_some_and(|at| at == 0 || line[..at].ends_with(' '))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dead(files: &[(&str, &str)]) -> Vec<String> {
        let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned()));
        unreachable("crates/x/src/", &files.collect())
    }

    #[test]
    fn files_that_their_parent_declares_are_alive() {
        let files = [
            ("crates/x/src/lib.rs", "mod a;\npub(crate) mod b;\n#[cfg(test)] mod tests;"),
            ("crates/x/src/a.rs", "    pub mod inner;\nmod tests {\n    mod prop;\n}"),
            ("crates/x/src/a/inner.rs", ""),
            ("crates/x/src/a/tests/prop.rs", ""),
            ("crates/x/src/b/mod.rs", "mod c;"),
            ("crates/x/src/b/c.rs", ""),
            ("crates/x/src/tests.rs", ""),
            ("crates/x/src/bin/tool.rs", ""),
            ("crates/x/tests/it.rs", ""),
            ("crates/x/src/notes.md", ""),
        ];
        assert_eq!(dead(&files), [] as [String; 0]);
    }

    #[test]
    fn a_file_that_nobody_declares_is_dead() {
        let files = [
            ("crates/x/src/lib.rs", "mod a;\n// mod forgotten;\nuse some_mod::forgotten;"),
            ("crates/x/src/a.rs", ""),
            ("crates/x/src/forgotten.rs", ""),
            // Declared by the wrong file.
            ("crates/x/src/b/a.rs", ""),
            ("crates/x/src/b/mod.rs", ""),
        ];
        let expected = ["b/a.rs", "b/mod.rs", "forgotten.rs"].map(|f| format!("crates/x/src/{f}"));
        assert_eq!(dead(&files), expected);
    }
}
