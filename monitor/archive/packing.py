"""What is stored in fewer bytes than it is written in: texts that few will read, JSON, and marks of long names.

What is packed begins with a byte that says which words it shares with all others, so that it can be read for ever.
"""

import zlib

_SHARED = {
    1: (
        b'"},{"["],"],[","y20"]]}"m01"1,0,"2,"3,"corrected":true,"in_full":true,"official":true,"killed":"notice":'
        b'"writethru"corrective"newsalert"first_language":"fr"en"alternates":["identities":["dated_at":"20T00:00+00:00",'
        b'"figures":[["named":[["first_published":"202-agency":"The Canadian Press","Associated Press"Agence France-'
        b'"Presse Canadienne"terms":["premier","premiere","ministre","plusieurs","personnes","gouvernement","federal",'
        b'"federale","frontiere","quebec","province","demandeurs","asile","entente","depuis","apres","avant","encore",'
        b'"toujours","autres","selon","police","people","their","which","would","about","there","after","could","other",'
        b'"years","first","minister","government","province","provincial","canada","canadian","states","united","border",'
        b'"asylum","seekers","tuesday","wednesday","thursday","friday","saturday","sunday","monday","mardi","mercredi",'
        b'"jeudi","vendredi","samedi","dimanche","lundi","officials","reported","according"],"names":["'
        b'"body_words":"level":"title":"'
    )
}
_NEWEST = max(_SHARED)


def mark(name: str) -> int:
    """Returns a number by which a name is found; another name may have the same one."""
    return zlib.crc32(name.encode("utf-8", "surrogatepass")) - (1 << 31)


def pack(plain: str) -> bytes:
    """Returns a text, or JSON, in about half of its bytes."""
    packer = zlib.compressobj(6, zlib.DEFLATED, -15, 8, zlib.Z_DEFAULT_STRATEGY, _SHARED[_NEWEST])
    return bytes([_NEWEST]) + packer.compress(plain.encode("utf-8", "surrogatepass")) + packer.flush()


def plain(packed: bytes | None) -> str | None:
    """Returns what `pack` packed, by whatever version of the program; None for None. SQL calls it `roxham_plain`."""
    if packed is None:
        return None
    return zlib.decompressobj(-15, _SHARED[packed[0]]).decompress(packed[1:]).decode("utf-8", "surrogatepass")
