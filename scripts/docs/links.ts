/** Links between Markdown files, as the site has them. Pure. */
import { dirname, normalize } from 'node:path/posix';

/**
 * Links to what the site has stay, pictures too. Those to other files of the repository lead to where it is hosted; where that is not
 * known, their text is left.
 *
 * @param page path of the page in the repository
 * @param files paths of the pages and pictures that the site has
 * @param repository URL of the repository
 */
export function linksOfSite(
  text: string,
  page: string,
  files: readonly string[],
  repository: string | undefined,
): string {
  return text.replaceAll(/\[([^\]]*)\]\(([^)\s#]+)(#[^)\s]*)?\)/g, (link, words, target) => {
    if (/^[a-z]+:/.test(target)) return link;
    const path = normalize(`${dirname(page)}/${target}`);
    if (files.includes(path)) return link;
    return repository ? `[${words}](${repository}/blob/main/${path})` : words;
  });
}
