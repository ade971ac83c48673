/**
 * Whether the value of an input, or the address of a flake, means a repository: in whatever spelling
 * (`https://host/a/b.git`, `git@host:a/b`, `github:a/b/branch`), but never another whose name only begins alike.
 */

/** `repository`: `host/owner/name`, or any address of it. */
export function namesRepository(address: string, repository: string): boolean {
  const wanted = plain(repository);
  const [first = ''] = address.trim().split(/\s/, 1);
  const given = plain(first);
  // A flake may name a branch after the repository.
  return given === wanted || given.startsWith(`${wanted}/`);
}

/** `host/owner/name`, in small letters. */
function plain(address: string): string {
  return address
    .toLowerCase()
    .replace(/[?#].*$/, '')
    .replace(/^(?:git\+)?[a-z]+:\/\//, '')
    .replace(/^github:/, 'github.com/')
    .replace(/^[^@/]*@/, '')
    .replace(/^([^/:]+):(?:\d+\/)?/, '$1/')
    .replace(/\/+$/, '')
    .replace(/\.git(?=$|\/)/, '');
}
