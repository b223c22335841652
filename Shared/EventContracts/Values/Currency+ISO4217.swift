extension Currency {
    /// The active codes of ISO 4217 (list one, as of 1 January 2026) and how many decimal places each has.
    ///
    /// Left out are codes that no account can be kept in: precious metals, bond market units, the SDR and its like, test codes and "no
    /// currency" (XAU, XBA, XDR, XTS, XXX …).
    static let exponents: [String: Int] = {
        var exponents: [String: Int] = [:]
        for code in twoPlaces.split(separator: " ") { exponents[String(code)] = 2 }
        for code in noPlaces.split(separator: " ") { exponents[String(code)] = 0 }
        for code in threePlaces.split(separator: " ") { exponents[String(code)] = 3 }
        for code in fourPlaces.split(separator: " ") { exponents[String(code)] = 4 }
        return exponents
    }()

    private static let twoPlaces = """
        AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE \
        CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK \
        LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON \
        RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES \
        WST XAD XCD XCG YER ZAR ZMW ZWG
        """
    private static let noPlaces = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
    private static let threePlaces = "BHD IQD JOD KWD LYD OMR TND"
    private static let fourPlaces = "CLF UYW"
}
