/** A card with its slot, and the two ways through it. */
export const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64">
<rect x="6" y="14" width="52" height="32" rx="4" fill="#1f4e79"/>
<path d="M12 46h24v6H12z" fill="#c9a227"/>
<rect x="24" y="22" width="16" height="16" rx="2" fill="#fff"/>
<path d="M6 26h18M6 34h18M40 26h18M40 34h18" stroke="#7fd1ae" stroke-width="2"/>
</svg>
`;
