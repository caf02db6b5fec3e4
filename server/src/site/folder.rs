//! Where the page's files lie.

use std::path::{Path, PathBuf};

/// The folder with the page's files: the one that `LEPTOS_SITE_ROOT` names, `site` beside the executable, or `site`
/// beside the executable's folder, as a build leaves it. `None` when there is none.
pub fn find() -> Option<PathBuf> {
    let named = std::env::var_os("LEPTOS_SITE_ROOT").filter(|name| !name.is_empty()).map(PathBuf::from);
    let executable = std::env::current_exe().ok();
    candidates(named, executable.as_deref()).into_iter().find(|folder| folder.join("pkg").is_dir())
}

fn candidates(named: Option<PathBuf>, executable: Option<&Path>) -> Vec<PathBuf> {
    let beside = executable.and_then(Path::parent);
    let above = beside.and_then(Path::parent);
    named.into_iter().chain([beside, above].into_iter().flatten().map(|folder| folder.join("site"))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_folder_comes_before_those_beside_the_executable() {
        let executable = Path::new("/opt/target/release/memescope");
        let beside = ["/opt/target/release/site", "/opt/target/site"];
        assert_eq!(candidates(None, Some(executable)), beside.map(PathBuf::from));
        let named = candidates(Some("/srv/site".into()), Some(executable));
        assert_eq!(named[0], PathBuf::from("/srv/site"));
        assert_eq!(named.len(), 3);
        assert!(candidates(None, None).is_empty());
    }
}
