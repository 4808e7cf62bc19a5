/** Files out of a picker or a drop, folders and what is in them included. */

/** What systems leave in folders, and what holds nothing. */
const JUNK = /(^|\/)(\.DS_Store|Thumbs\.db|desktop\.ini|\._[^/]*)$/i;

export const wanted = (files: Iterable<File>): File[] =>
  [...files].filter((file) => file.size > 0 && !JUNK.test(file.webkitRelativePath || file.name));

/** Every file of a drop; a dropped folder is walked through. */
export async function dropped(transfer: DataTransfer): Promise<File[]> {
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (!entries.length) return wanted(transfer.files);
  const found = await Promise.all(entries.map((entry) => within(entry)));
  return wanted(found.flat());
}

async function within(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((done, failed) => (entry as FileSystemFileEntry).file(done, failed));
    const path = entry.fullPath.replace(/^\//, "");
    // a dropped file does not say its folder: two cards of one drone both have a DJI_0001.JPG
    Object.defineProperty(file, "webkitRelativePath", { value: path.includes("/") ? path : "" });
    return [file];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return files;
    for (const one of some) files.push(...(await within(one)));
  }
}
