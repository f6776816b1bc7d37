import Testing
import WebSocketCore
import WebSocketDeflate

/// Parses what stands in one field.
func extensions(_ field: String) -> [WebSocketExtension] { WebSocketExtension.parse([field]) ?? [] }

@Suite struct PerMessageDeflateTests {
    static let name = "permessage-deflate"

    @Test func theAgreementBindsEachRole() {
        let agreement = PerMessageDeflate(
            serverNoContextTakeover: true, clientNoContextTakeover: false, serverMaxWindowBits: 12,
            clientMaxWindowBits: 10)
        #expect(agreement.sendsWithoutContext(as: .server) && !agreement.sendsWithoutContext(as: .client))
        #expect(!agreement.receivesWithoutContext(as: .server) && agreement.receivesWithoutContext(as: .client))
        #expect(agreement.receivingWindowBits(as: .server) == 10 && agreement.receivingWindowBits(as: .client) == 12)
        let configuration = DeflateConfiguration(level: 3, memLevel: 5, serverMaxWindowBits: 11)
        #expect(
            agreement.compression(as: .server, configuration) == .init(level: 3, memLevel: 5, windowBits: 11))
        #expect(
            agreement.compression(as: .client, configuration) == .init(level: 3, memLevel: 5, windowBits: 10))
    }

    @Test func aWindowThatZlibCannotDoIsNotCompressedWith() {
        let agreement = PerMessageDeflate(clientMaxWindowBits: 8)
        #expect(agreement.compression(as: .client, .contextTakeover) == nil)
        #expect(agreement.compression(as: .server, .contextTakeover) != nil)
    }
}

@Suite struct PerMessageDeflateServerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var offer: String
        var answer: String?
        var configuration = DeflateConfiguration.contextTakeover
        var testDescription: String { "\(offer) -> \(answer ?? "declined")" }
    }

    static let name = "permessage-deflate"

    @Test(arguments: [
        Case(offer: "permessage-deflate", answer: ""),
        Case(offer: "permessage-deflate; client_max_window_bits", answer: ""),
        Case(offer: "permessage-deflate; client_max_window_bits=15", answer: ""),
        Case(offer: "permessage-deflate; client_max_window_bits=10", answer: "; client_max_window_bits=10"),
        Case(offer: "permessage-deflate; client_max_window_bits=\"8\"", answer: "; client_max_window_bits=8"),
        Case(offer: "permessage-deflate; server_max_window_bits=15", answer: "; server_max_window_bits=15"),
        Case(offer: "permessage-deflate; server_max_window_bits=\"9\"", answer: "; server_max_window_bits=9"),
        Case(offer: "permessage-deflate; server_no_context_takeover", answer: "; server_no_context_takeover"),
        // A hint, which need not be answered.
        Case(offer: "permessage-deflate; client_no_context_takeover", answer: ""),
        // zlib cannot.
        Case(offer: "permessage-deflate; server_max_window_bits=8", answer: nil),
        Case(
            offer: "permessage-deflate; server_max_window_bits=8, permessage-deflate; server_max_window_bits=10",
            answer: "; server_max_window_bits=10"),
        // Order of preference.
        Case(
            offer: "x-webkit-deflate-frame, permessage-deflate; server_no_context_takeover, permessage-deflate",
            answer: "; server_no_context_takeover"),
        // Invalid offers.
        Case(offer: "x-webkit-deflate-frame", answer: nil),
        Case(offer: "permessage-deflate; unknown", answer: nil),
        Case(offer: "permessage-deflate; unknown=1, permessage-deflate", answer: ""),
        Case(offer: "permessage-deflate; server_no_context_takeover=1", answer: nil),
        Case(offer: "permessage-deflate; client_no_context_takeover=\"true\"", answer: nil),
        Case(offer: "permessage-deflate; server_no_context_takeover; server_no_context_takeover", answer: nil),
        Case(offer: "permessage-deflate; client_max_window_bits; client_max_window_bits=10", answer: nil),
        Case(offer: "permessage-deflate; server_max_window_bits", answer: nil),
        Case(offer: "permessage-deflate; server_max_window_bits=7", answer: nil),
        Case(offer: "permessage-deflate; server_max_window_bits=16", answer: nil),
        Case(offer: "permessage-deflate; server_max_window_bits=010", answer: nil),
        Case(offer: "permessage-deflate; client_max_window_bits=+9", answer: nil),
        Case(offer: "permessage-deflate; client_max_window_bits=9x", answer: nil),
        // What the configuration wants.
        Case(
            offer: "permessage-deflate", answer: "; server_no_context_takeover; client_no_context_takeover",
            configuration: .noContextTakeover),
        Case(
            offer: "permessage-deflate", answer: "; client_no_context_takeover",
            configuration: .init(clientContextTakeover: false)),
        Case(
            offer: "permessage-deflate", answer: "; server_max_window_bits=11",
            configuration: .init(serverMaxWindowBits: 11)),
        Case(
            offer: "permessage-deflate; server_max_window_bits=10", answer: "; server_max_window_bits=10",
            configuration: .init(serverMaxWindowBits: 11)),
        Case(
            offer: "permessage-deflate; server_max_window_bits=12", answer: "; server_max_window_bits=11",
            configuration: .init(serverMaxWindowBits: 11)),
        Case(
            offer: "permessage-deflate; client_max_window_bits", answer: "; client_max_window_bits=11",
            configuration: .init(clientMaxWindowBits: 11)),
        Case(
            offer: "permessage-deflate; client_max_window_bits=9", answer: "; client_max_window_bits=9",
            configuration: .init(clientMaxWindowBits: 11)),
        // The client would use 15, and cannot be told otherwise.
        Case(offer: "permessage-deflate", answer: nil, configuration: .init(clientMaxWindowBits: 11)),
        Case(
            offer: "permessage-deflate, permessage-deflate; client_max_window_bits",
            answer: "; client_max_window_bits=11",
            configuration: .init(clientMaxWindowBits: 11)),
    ])
    func answer(_ test: Case) {
        let agreement = PerMessageDeflate(answering: extensions(test.offer), configuration: test.configuration)
        #expect(agreement?.answer.description == test.answer.map { "\(PerMessageDeflate.name)\($0)" })
    }
}

@Suite struct PerMessageDeflateClientTests {
    @Test func offers() {
        #expect(
            PerMessageDeflate.offer(.contextTakeover).description == "permessage-deflate; client_max_window_bits")
        #expect(
            PerMessageDeflate.offer(.noContextTakeover).description
                == "permessage-deflate; server_no_context_takeover; client_no_context_takeover; client_max_window_bits")
        #expect(
            PerMessageDeflate.offer(.init(serverMaxWindowBits: 10, clientMaxWindowBits: 12)).description
                == "permessage-deflate; server_max_window_bits=10; client_max_window_bits=12")
    }

    @Test(arguments: [
        ("permessage-deflate", PerMessageDeflate()),
        ("permessage-deflate; server_no_context_takeover", PerMessageDeflate(serverNoContextTakeover: true)),
        ("permessage-deflate; client_no_context_takeover", PerMessageDeflate(clientNoContextTakeover: true)),
        ("permessage-deflate; server_max_window_bits=\"8\"", PerMessageDeflate(serverMaxWindowBits: 8)),
        ("permessage-deflate; client_max_window_bits=8", PerMessageDeflate(clientMaxWindowBits: 8)),
        ("permessage-deflate; client_max_window_bits=15; server_max_window_bits=15", PerMessageDeflate()),
    ])
    func agreement(answer: String, expected: PerMessageDeflate) throws {
        let agreement = try PerMessageDeflate(agreed: extensions(answer), configuration: .contextTakeover)
        #expect(agreement == expected)
    }

    @Test func declined() throws {
        let agreement = try PerMessageDeflate(agreed: [], configuration: .contextTakeover)
        #expect(agreement == nil)
    }

    @Test func theClientKeepsToItsHint() throws {
        let agreement = try PerMessageDeflate(
            agreed: extensions("permessage-deflate"), configuration: .init(clientContextTakeover: false))
        #expect(agreement == PerMessageDeflate(clientNoContextTakeover: true))
        let bits = try PerMessageDeflate(
            agreed: extensions("permessage-deflate"), configuration: .init(clientMaxWindowBits: 10))
        #expect(bits?.compression(as: .client, .init(clientMaxWindowBits: 10))?.windowBits == 10)
    }

    @Test(arguments: [
        "permessage-deflate; unknown",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=7",
        "permessage-deflate; client_max_window_bits=16",
        // In an answer it has a value.
        "permessage-deflate; client_max_window_bits",
        "permessage-deflate, permessage-deflate",
    ])
    func badAnswer(answer: String) {
        #expect(throws: HandshakeError.self) {
            _ = try PerMessageDeflate(agreed: extensions(answer), configuration: .contextTakeover)
        }
    }

    @Test(arguments: [
        ("permessage-deflate", DeflateConfiguration(serverContextTakeover: false)),
        ("permessage-deflate", DeflateConfiguration(serverMaxWindowBits: 10)),
        ("permessage-deflate; server_max_window_bits=11", DeflateConfiguration(serverMaxWindowBits: 10)),
        ("permessage-deflate; client_max_window_bits=11", DeflateConfiguration(clientMaxWindowBits: 10)),
    ])
    func answerThatDoesNotFitTheOffer(answer: String, configuration: DeflateConfiguration) {
        #expect(throws: HandshakeError.self) {
            _ = try PerMessageDeflate(agreed: extensions(answer), configuration: configuration)
        }
    }
}
