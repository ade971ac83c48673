# Ways to make a store path.
{ stdenv }:

rec {
  runCommand =
    name: environment: script:
    stdenv.mkDerivation { inherit name environment script; };

  writeText = name: text: runCommand name { inherit text; } ''printf %s "$text" > "$out"'';

  # One tree of links to all files of `paths`; the first that has a file wins.
  symlinkJoin =
    { name, paths }:
    runCommand name { inherit paths; } ''
      for path in $paths; do
        cd "$path"
        find * -type d -exec mkdir -p "$out/{}" \;
        find * ! -type d | while read -r file; do
          [ -e "$out/$file" ] || ln -s "$path/$file" "$out/$file"
        done
      done
      mkdir -p "$out"
    '';

  # A package of `kilobytes` of data that does not compress well, which refers to `inputs`. It says in its log which
  # processor it runs on.
  mkPackage =
    {
      pname,
      version,
      inputs ? [ ],
      kilobytes ? 16,
      programs ? [ pname ],
    }:
    runCommand "${pname}-${version}"
      {
        inherit
          pname
          version
          inputs
          kilobytes
          programs
          ;
      }
      ''
        echo "unpacking $pname-$version"
        mkdir -p "$out/bin" "$out/lib" "$out/share/$pname"
        echo "building on $(uname -m)"
        awk -v kilobytes="$kilobytes" -v name="$pname-$version" 'BEGIN {
          for (n = 1; n <= length(name); n++) seed = (seed * 31 + index("abcdefghijklmnopqrstuvwxyz", substr(name, n, 1))) % 65537
          for (line = 0; line < kilobytes * 16; line++) {
            text = ""
            for (word = 0; word < 4; word++) {
              seed = (seed * 75 + 74) % 65537
              text = text sprintf("%04x%04x%04x%04x", seed, (seed * 31) % 65521, (seed * 57 + line) % 65519, (seed * 83) % 65497)
            }
            print text
          }
        }' > "$out/lib/$pname.data"
        for program in $programs; do
          printf '#!/bin/sh\necho "%s %s"\n' "$program" "$version" > "$out/bin/$program"
          chmod 755 "$out/bin/$program"
        done
        echo "$inputs" > "$out/share/$pname/inputs"
        echo "installed $(du -sk "$out" | cut -f1) kB"
      '';
}
