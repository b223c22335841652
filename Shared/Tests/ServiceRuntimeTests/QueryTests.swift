import EventContracts
import HTTPTypes
import Hummingbird
import JSON
import Testing

@testable import ServiceRuntime

@Suite struct QueryTests {
    private enum Status: String, CaseIterable { case pending, confirmed }

    private func service() -> TestService {
        TestService { router in
            router.get("/things") { request, context in
                let text = try context.query(of: request) { query in
                    let limit = query.limit()
                    let user: UserID? = query.id("user_id")
                    let status = query.choice("status", of: Status.self)
                    let cursor = query.cursor(of: "things")
                    let time = query.time("at")
                    return
                        "\(limit) \(user?.description ?? "-") \(status?.rawValue ?? "-") \(cursor?.time.microseconds ?? 0) \(time?.microseconds ?? 0)"
                }
                return JSONResponse(.ok, text)
            }
            router.get("/things/{id}") { _, context in
                JSONResponse(.ok, try context.pathID("id", as: OrderID.self))
            }
        }
    }

    @Test(arguments: [
        ("", "50 - - 0 0"),
        ("?", "50 - - 0 0"),
        ("?limit=1", "1 - - 0 0"),
        ("?limit=200&unknown=%ZZ".replacing("%ZZ", with: "x"), "200 - - 0 0"),
        ("?status=confirmed&user_id=018f4e7a-0000-7000-8000-000000000001", "50 018f4e7a-0000-7000-8000-000000000001 confirmed 0 0"),
        ("?status=&limit=&user_id=&cursor=", "50 - - 0 0"),
        ("?%6Cimit=7", "7 - - 0 0"),
        ("?&&limit=7&&", "7 - - 0 0"),
        ("?at=1970-01-01T00:00:01Z", "50 - - 0 1000000"),
        ("?at=1970-01-01T00%3A00%3A01Z", "50 - - 0 1000000"),
    ])
    func `Good parameters are read`(query: String, expected: String) async throws {
        let answer = try await service().send(.get, "/things" + query)
        #expect(answer.status == 200)
        #expect(answer.json.stringValue == expected)
    }

    @Test(arguments: [
        ("limit=0", ["/query/limit"]), ("limit=201", ["/query/limit"]), ("limit=-1", ["/query/limit"]), ("limit=abc", ["/query/limit"]),
        ("limit=%2B5", ["/query/limit"]), ("limit=5.0", ["/query/limit"]), ("limit=99999999999999999999", ["/query/limit"]),
        ("limit=1&limit=2", ["/query/limit"]), ("limit=1&%6Cimit=2", ["/query/limit"]), ("status=lost", ["/query/status"]),
        ("user_id=1", ["/query/user_id"]), ("cursor=x", ["/query/cursor"]), ("at=yesterday", ["/query/at"]), ("limit=%", ["/query"]),
        ("limit=%4", ["/query"]), ("limit=%zz", ["/query"]), ("a=%ff", ["/query"]), ("a=%00", ["/query"]), ("a=%0d%0aX:%20y", ["/query"]),
        ("limit=0&status=x&user_id=y&cursor=z", ["/query/limit", "/query/user_id", "/query/status", "/query/cursor"]),
    ])
    func `Every bad parameter is named`(query: String, pointers: [String]) async throws {
        let answer = try await service().send(.get, "/things?" + query)
        #expect(answer.status == 422)
        #expect(answer.problem == "/problems/validation")
        #expect(answer.pointers == pointers)
    }

    @Test(arguments: [
        "1", "%00", "..", "018f4e7a-0000-7000-8000-00000000000", "018f4e7a-0000-7000-8000-0000000000011",
        "018f4e7a%2D0000-7000-8000-000000000001",
        "018f4e7a000070008000000000000001", "{018f4e7a-0000-7000-8000-000000000001}", "null", "'%20OR%201=1",
        String(repeating: "9", count: 300),
    ])
    func `An absurd id is a validation problem`(id: String) async throws {
        let answer = try await service().send(.get, "/things/" + id)
        #expect(answer.status == 422)
        #expect(answer.pointers == ["/path/id"])
    }

    @Test func `A good id is read in either case`() async throws {
        let answer = try await service().send(.get, "/things/018F4E7A-0000-7000-8000-000000000001")
        #expect(answer.json == "018f4e7a-0000-7000-8000-000000000001")
    }
}
