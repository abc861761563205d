import type { ArchiveValue, AssetValue } from "../cloud/resources/values";
import type { Store } from "../cloud/store";

/** The folder or archive file that a function's source was packed from; undefined when that cannot be told. */
export function functionSource(store: Store, bucket: string, object: string): string | undefined {
  const stored = store
    .list<{ bucket?: string; name?: string; source?: AssetValue | ArchiveValue }>(
      "gcp:storage/bucketObject:BucketObject",
    )
    .find(({ state }) => state.bucket === bucket && state.name === object);
  const source = stored?.state.source;
  if (source?.kind !== "archive" || source.files === undefined) return source?.path;
  const folders = new Set(Object.entries(source.files).map(([name, { path }]) => folderOf(name, path)));
  const [folder] = folders;
  return folders.size === 1 ? folder : undefined;
}

/** Where the root of the archive lies, seen from one file in it; undefined when the file lies elsewhere. */
function folderOf(name: string, path: string | undefined): string | undefined {
  const normal = path?.replaceAll("\\", "/");
  if (normal === name) return ".";
  return normal?.endsWith(`/${name}`) === true ? normal.slice(0, -name.length - 1) : undefined;
}
