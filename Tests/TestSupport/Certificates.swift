package import NIOSSL

/// Certificates that sign themselves, valid from 2020 to 2119, and their key. They protect nothing: for tests only.
package enum Certificates {
    /// For the name localhost and the address 127.0.0.1.
    package static let localhost = """
        -----BEGIN CERTIFICATE-----
        MIIBjzCCATWgAwIBAgIUdqNaAPUFRR8Et9ZhduHig5d5LakwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAx
        MDAwMDAwWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAASJLi6zNoiLPOiSrFQ6GvpyfRgwEVOBMCCvG0v8nNvfB2RSZPYTC88C
        AT4WAhKeuif1GQkLbbTRpiWFUqiMHX+Oo2MwYTAaBgNVHREEEzARgglsb2NhbGhv
        c3SHBH8AAAEwDwYDVR0TAQH/BAUwAwEB/zATBgNVHSUEDDAKBggrBgEFBQcDATAd
        BgNVHQ4EFgQUTUlVkGXH4CnGstNEtv7DiipmXsEwCgYIKoZIzj0EAwIDSAAwRQIh
        AP/lDcFK+XIly6Kc7ho9fpAgAuoR062E2ihejImQpdUpAiBKIp+qqP+UG8CAx59a
        vJ07HOAY8oIAkbGjPaqI0ZM4ig==
        -----END CERTIFICATE-----
        """

    /// For the name other.example.
    package static let otherName = """
        -----BEGIN CERTIFICATE-----
        MIIBlTCCATugAwIBAgIUOL+i0EXNcjipTzVToKRy7XrCTtEwCgYIKoZIzj0EAwIw
        GDEWMBQGA1UEAwwNb3RoZXIuZXhhbXBsZTAgFw0yMDAxMDEwMDAwMDBaGA8yMTIw
        MDEwMTAwMDAwMFowGDEWMBQGA1UEAwwNb3RoZXIuZXhhbXBsZTBZMBMGByqGSM49
        AgEGCCqGSM49AwEHA0IABIkuLrM2iIs86JKsVDoa+nJ9GDARU4EwIK8bS/yc298H
        ZFJk9hMLzwIBPhYCEp66J/UZCQtttNGmJYVSqIwdf46jYTBfMBgGA1UdEQQRMA+C
        DW90aGVyLmV4YW1wbGUwDwYDVR0TAQH/BAUwAwEB/zATBgNVHSUEDDAKBggrBgEF
        BQcDATAdBgNVHQ4EFgQUTUlVkGXH4CnGstNEtv7DiipmXsEwCgYIKoZIzj0EAwID
        SAAwRQIhAOwZdJs8UlqhaTD7KCI22wp8KWxNNK9+Lu+0xg5fSIJMAiAOU16hh162
        B7ajF9TONRNlUqjuC5p8as16+OICWQKI8A==
        -----END CERTIFICATE-----
        """

    /// For a client.
    package static let client = """
        -----BEGIN CERTIFICATE-----
        MIIBbDCCAROgAwIBAgIUdIgZxEhmYEHofJH9L2vn3T6zim0wCgYIKoZIzj0EAwIw
        ETEPMA0GA1UEAwwGY2xpZW50MCAXDTIwMDEwMTAwMDAwMFoYDzIxMjAwMTAxMDAw
        MDAwWjARMQ8wDQYDVQQDDAZjbGllbnQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
        AASJLi6zNoiLPOiSrFQ6GvpyfRgwEVOBMCCvG0v8nNvfB2RSZPYTC88CAT4WAhKe
        uif1GQkLbbTRpiWFUqiMHX+Oo0cwRTAPBgNVHRMBAf8EBTADAQH/MBMGA1UdJQQM
        MAoGCCsGAQUFBwMCMB0GA1UdDgQWBBRNSVWQZcfgKcay00S2/sOKKmZewTAKBggq
        hkjOPQQDAgNHADBEAiBFnNwAudrHPZms5oj98R+hC7SC9ZiMmeMpvH4IgTZ1CwIg
        AIWXVSgE9Ev1VyPvfCh4dQs+FlYfSp92nI2DhpX2Q3w=
        -----END CERTIFICATE-----
        """

    /// The key of all.
    package static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgB8g3t0bDVna/RKZ7
        9Rsl5YVZOxqZ7k0pA7cz2lrdMrKhRANCAASJLi6zNoiLPOiSrFQ6GvpyfRgwEVOB
        MCCvG0v8nNvfB2RSZPYTC88CAT4WAhKeuif1GQkLbbTRpiWFUqiMHX+O
        -----END PRIVATE KEY-----
        """

    /// A key of none of them.
    package static let strangeKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXF2GCCe4aBtBgTd+
        /xoaZORH0pTaf5fYASlvY5PZagahRANCAASvBaYZFhy9enjqu+VLM7QPQ+4qiYIZ
        bufZk4u2uEqTWanJvnOCpGvqswN8vnmJzfmMVW2PM1VFh9S38EAx4132
        -----END PRIVATE KEY-----
        """

    /// A certificate of a PEM text.
    package static func parse(_ pem: String) throws -> NIOSSLCertificate {
        try NIOSSLCertificate(bytes: Array(pem.utf8), format: .pem)
    }

    /// The key of all.
    package static func privateKey() throws -> NIOSSLPrivateKey {
        try NIOSSLPrivateKey(bytes: Array(Certificates.key.utf8), format: .pem)
    }

    /// A server's settings with this certificate.
    ///
    /// - Parameter pem: The certificate.
    package static func serverConfiguration(_ pem: String) throws -> TLSConfiguration {
        TLSConfiguration.makeServerConfiguration(
            certificateChain: [.certificate(try Certificates.parse(pem))],
            privateKey: .privateKey(try Certificates.privateKey()))
    }

    /// A server that shows this certificate.
    ///
    /// - Parameters:
    ///   - pem: The certificate.
    ///   - client: The certificate that a client has to show, if any.
    package static func serverContext(_ pem: String, client: String? = nil) throws -> NIOSSLContext {
        var configuration = try Certificates.serverConfiguration(pem)
        if let client {
            configuration.certificateVerification = .noHostnameVerification
            configuration.trustRoots = .certificates([try Certificates.parse(client)])
        }
        return try NIOSSLContext(configuration: configuration)
    }
}
