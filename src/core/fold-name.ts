/** Some file systems ignore letter case, composition and invisible characters in names. */
export function foldName(path: string): string {
  return path
    .normalize("NFKC")
    .toLowerCase()
    .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, "");
}
